import type { HttpBindings } from '@hono/node-server'
import type { Fetch } from './listen.ts'

type Incoming = HttpBindings['incoming']
type AnyIncoming = Parameters<Fetch>[1]['incoming']

/** How long the rest of a body that nobody reads is waited for, in milliseconds. */
export interface RestPatience {
  /** Before the answer is given. */
  readonly rest: number
  /** After it was given, and the client was told that the connection ends. */
  readonly linger: number
}

/**
 * Ends in order what is answered before its whole body has come (too large, no token).
 *
 * Mostly the rest comes at once: it is read first, and the connection goes on. Where it does not, the answer says that the
 * connection ends, and what comes is read for some time more. A connection that ended without a word would take the next
 * request with it, and one that is cut with bytes unread may take the answer (RFC 9112, 9.6). An answer that has no body
 * cannot be whole and still go on, so that nothing more is read after it.
 */
export function earlyAnswers(fetch: Fetch, patience: RestPatience) {
  const ending = new WeakSet<Incoming['socket']>()
  const answer: Fetch = async (request, env) => {
    const response = await fetch(request, env)
    const { incoming } = env
    if (incoming.complete || incoming.destroyed || (await endsWithin(incoming, patience.rest))) return response
    ending.add(incoming.socket)
    const { status, body } = response
    const headers = new Headers(response.headers)
    headers.set('Connection', 'close')
    if (body === null) return new Response(null, { status, headers })
    const bytes = new Uint8Array(await response.arrayBuffer())
    headers.set('Content-Length', `${bytes.length}`)
    return new Response(
      oneChunk(bytes, () => endsWithin(incoming, patience.linger)),
      { status, headers },
    )
  }
  return {
    fetch: answer,
    /** Whether a connection was said to end: what is asked on it after that must not be done. */
    isEnding: (socket: Incoming['socket']) => ending.has(socket),
  }
}

/** Reads what comes of a body, for nobody. Answers whether it ended in time. */
function endsWithin(incoming: AnyIncoming, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const ended = () => {
      clearTimeout(timer)
      resolve(true)
    }
    const timer = setTimeout(() => {
      incoming.off('close', ended)
      resolve(false)
    }, milliseconds)
    incoming.once('close', ended)
    // Whoever has begun to read it would stop it again.
    incoming.removeAllListeners('data').resume()
  })
}

/** A body that is heard whole at once, and ends later. */
function oneChunk(bytes: Uint8Array, later: () => Promise<unknown>): ReadableStream {
  return new ReadableStream({
    start: (controller) => controller.enqueue(bytes),
    async pull(controller) {
      await later()
      controller.close()
    },
  })
}
