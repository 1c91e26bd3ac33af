import { readFileSync } from 'node:fs'
import { createServer as createPlainServer, type Server as PlainServer } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { getRequestListener, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import { CommandError, hasCode } from './command-error.ts'

/** Answers a request; `env` tells the connection that it came over. */
export type Fetch = (request: Request, env: HttpBindings | Http2Bindings) => Response | Promise<Response>

export interface ListenOptions {
  readonly fetch: Fetch
  readonly port: number
  /** Every address where absent. */
  readonly host?: string | undefined
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined
  /** What to say when the port is taken, e.g. `--port or SERVER_PORT`. */
  readonly choosePort: string
  /** Lets @hono/node-server replace the global Request and Response by its own, which are much cheaper. */
  readonly replaceGlobals?: boolean
}

export interface Listening {
  readonly port: number
  /** Goes on, but ends each connection with its next answer, so that clients that keep connections go elsewhere. */
  drain(): void
  /** Takes no new connection, lets requests finish, and cuts what is left at the end. Answers whether all finished. */
  close(withinMs: number): Promise<boolean>
}

/**
 * Serves over HTTP, or over TLS 1.3 where there is a certificate.
 *
 * @throws CommandError when the port is taken or not allowed
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { fetch, port, host, tls, choosePort, replaceGlobals = false } = options
  const listener = getRequestListener(fetch, { overrideGlobalObjects: replaceGlobals })
  let isDraining = false
  const answer: Parameters<typeof createPlainServer>[1] = (incoming, outgoing) => {
    if (isDraining) outgoing.shouldKeepAlive = false
    void listener(incoming, outgoing)
  }
  const server: PlainServer | TlsServer = tls
    ? createTlsServer({ ...readFiles(tls), minVersion: 'TLSv1.3' }, answer)
    : createPlainServer(answer)
  // Longer than load balancers keep theirs (60 s is usual): whoever ends a connection first must not be the server, or a
  // request that is just being sent on it is lost.
  server.keepAliveTimeout = 75_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explain(error, port, choosePort)))
    server.listen(port, host, () => resolve())
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP port')
  const drain = (): void => {
    isDraining = true
  }
  return { port: address.port, drain, close: (withinMs) => closeServer(server, withinMs) }
}

function readFiles({ certFile, keyFile }: { certFile: string; keyFile: string }) {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) }
}

function explain(error: Error, port: number, choosePort: string): Error {
  if (hasCode(error, 'EADDRINUSE')) {
    return new CommandError(`port ${port} is taken: choose another one with ${choosePort}`, { cause: error })
  }
  if (hasCode(error, 'EACCES')) {
    return new CommandError(`port ${port} is not allowed: choose one above 1023 with ${choosePort}`, { cause: error })
  }
  return error
}

async function closeServer(server: PlainServer | TlsServer, withinMs: number): Promise<boolean> {
  const closed = new Promise<true>((resolve) => server.close(() => resolve(true)))
  // A connection that is kept alive after its last answer would hold the server open until it times out.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs)
  })
  const finished = await Promise.race([closed, late])
  clearInterval(idle)
  clearTimeout(timer)
  server.closeAllConnections()
  return finished
}
