import { createServer as createPlainServer, type Server as PlainServer } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { getRequestListener, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import type { Logger } from '../logger.ts'
import { type CertificateFiles, followCertificate, readCertificate } from './certificate.ts'
import { CommandError, hasCode } from './command-error.ts'
import { earlyAnswers, type RestPatience } from './early-answer.ts'

/** Answers a request; `env` tells the connection that it came over. */
export type Fetch = (request: Request, env: HttpBindings | Http2Bindings) => Response | Promise<Response>

export interface ListenOptions {
  readonly fetch: Fetch
  readonly port: number
  /** Every address where absent. */
  readonly host?: string | undefined
  readonly tls?: CertificateFiles | undefined
  /** What to say when the port is taken, e.g. `--port or SERVER_PORT`. */
  readonly choosePort: string
  /** Lets @hono/node-server replace the global Request and Response by its own, which are much cheaper. */
  readonly replaceGlobals?: boolean
  /** Is told when the certificate was read again. */
  readonly logger?: Logger
  readonly patience?: Partial<Patience>
}

/** How long a connection is waited for, in milliseconds: whoever is slow on purpose must not hold many of them. */
interface Patience extends RestPatience {
  /** For a whole TLS handshake, and then for all headers of a request. */
  readonly headers: number
  /** For a whole request, its body included. */
  readonly request: number
  /**
   * For the next request. Longer than load balancers keep a connection (60 s is usual): whoever ends it first must not be
   * the server, or a request that is just being sent on it is lost.
   */
  readonly idle: number
  /** Without a byte in either direction, as when nobody reads the answer. Longer than any answer takes to be made. */
  readonly silence: number
  /** How often connections are looked at, and the files of the certificate. */
  readonly look: number
}

const patient: Patience = {
  headers: 10_000,
  request: 30_000,
  idle: 75_000,
  silence: 90_000,
  look: 5000,
  rest: 500,
  linger: 2000,
}

const LONGEST_HEADERS = 16_384

export interface Listening {
  readonly port: number
  /** Goes on, but ends each connection with its next answer, so that clients that keep connections go elsewhere. */
  drain(): void
  /** Takes no new connection, lets requests finish, and cuts what is left at the end. Answers whether all finished. */
  close(withinMs: number): Promise<boolean>
}

/**
 * Serves over HTTP, or over TLS 1.3 where there is a certificate, which is read again when it is replaced.
 *
 * @throws CommandError when the port is taken or not allowed
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { fetch, port, host, tls, choosePort, replaceGlobals = false, logger } = options
  const patience = { ...patient, ...options.patience }
  const early = earlyAnswers(fetch, patience)
  const listener = getRequestListener(early.fetch, { overrideGlobalObjects: replaceGlobals })
  let isDraining = false
  const answer: Parameters<typeof createPlainServer>[1] = (incoming, outgoing) => {
    if (early.isEnding(incoming.socket)) return
    if (isDraining) outgoing.shouldKeepAlive = false
    // RFC 9112 wants it, for proxies may read the other one. Node takes the first.
    if (hosts(incoming.rawHeaders) > 1) return void outgoing.writeHead(400, { Connection: 'close' }).end()
    void listener(incoming, outgoing)
  }
  const limits = {
    maxHeaderSize: LONGEST_HEADERS,
    headersTimeout: patience.headers,
    requestTimeout: patience.request,
    keepAliveTimeout: patience.idle,
    connectionsCheckingInterval: patience.look,
  }
  const certificate = tls && readCertificate(tls)
  if (certificate && certificate.expires.getTime() < Date.now()) {
    logger?.error({ expires: certificate.expires.toISOString() }, 'the certificate has expired')
  }
  const server = certificate
    ? createTlsServer({ ...certificate.options, ...limits, handshakeTimeout: patience.headers }, answer)
    : createPlainServer(limits, answer)
  server.setTimeout(patience.silence)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explain(error, port, choosePort)))
    server.listen(port, host, () => resolve())
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP port')
  const drain = (): void => {
    isDraining = true
  }
  const unfollow =
    tls && certificate && server instanceof TlsServer
      ? followCertificate(server, tls, { started: certificate, logger, everyMs: patience.look })
      : undefined
  const close = (withinMs: number): Promise<boolean> => {
    unfollow?.()
    return closeServer(server, withinMs)
  }
  return { port: address.port, drain, close }
}

const hosts = (rawHeaders: readonly string[]): number =>
  rawHeaders.filter((text, index) => index % 2 === 0 && text.length === 4 && text.toLowerCase() === 'host').length

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
