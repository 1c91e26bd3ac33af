import type { IncomingMessage, ServerResponse } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { StripeSandbox } from './create-sandbox.ts'
import type { Answer } from './engine/answer.ts'
import { toResponse } from './transport.ts'

/** A sandbox that listens. */
export interface ServedSandbox {
  readonly url: string
  readonly port: number
  /** Stops listening and cuts what is still open. The sandbox itself goes on. */
  readonly close: () => Promise<void>
}

/** Serves a sandbox over HTTP, on this machine unless another host is given. Port 0 takes a free one. */
export async function serveSandbox(
  sandbox: Pick<StripeSandbox, 'exchange'>,
  { port = 9098, host = '127.0.0.1' }: { port?: number; host?: string } = {},
): Promise<ServedSandbox> {
  const server = createAdaptorServer({
    overrideGlobalObjects: false,
    fetch: async (request: Request, env: object): Promise<Response> => {
      const outcome = await sandbox.exchange(request)
      if (outcome.kind === 'answer') return toResponse(outcome.answer, { truncated: false })
      if (outcome.kind === 'page') return outcome.response
      const response = responseIn(env)
      if (outcome.kind === 'cut') response.destroy()
      else await breakOff(response, outcome.answer)
      return RESPONSE_ALREADY_SENT
    },
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the sandbox has no TCP port')
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)))
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}

/** Promises the whole body, sends half of it and hangs up. */
function breakOff(response: ServerResponse<IncomingMessage>, { status, headers, body }: Answer): Promise<void> {
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': bytes.length })
  return new Promise((resolve) => {
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => {
      response.destroy()
      resolve()
    })
  })
}

function responseIn(env: object): ServerResponse<IncomingMessage> {
  if ('outgoing' in env && isServerResponse(env.outgoing)) return env.outgoing
  throw new Error('the server gave no response to break off')
}

const isServerResponse = (value: unknown): value is ServerResponse<IncomingMessage> =>
  typeof value === 'object' && value !== null && 'writeHead' in value && 'destroy' in value
