import { setImmediate as turn } from 'node:timers/promises'
import type { Fetch } from './listen.ts'

/**
 * Tells who is answered before the whole body has come (too large, no token) that the connection ends here, and goes on
 * reading until it does. Unread bytes would reset the connection, and the answer could be lost with it; a connection
 * that ends without a word loses the next request that its client sends on it. RFC 9112, 9.6; the server's limit for a
 * whole request ends who sends for ever.
 */
export function answersEarly(fetch: Fetch): Fetch {
  return async (request, env) => {
    const response = await fetch(request, env)
    const { incoming } = env
    // A body that came together with its headers is complete by the next turn of the loop at the latest.
    if (!incoming.complete) await turn()
    if (incoming.complete || incoming.destroyed) return response
    const { status, body } = response
    const bytes = new Uint8Array(await response.arrayBuffer())
    const headers = new Headers(response.headers)
    headers.set('Connection', 'close')
    if (body === null) return new Response(null, { status, headers })
    headers.set('Content-Length', `${bytes.length}`)
    const ended = new Promise((resolve) => incoming.once('close', resolve).resume())
    return new Response(oneChunk(bytes, ended), { status, headers })
  }
}

/** A body that is heard whole at once, and ends later. */
function oneChunk(bytes: Uint8Array, ended: Promise<unknown>): ReadableStream {
  return new ReadableStream({
    start: (controller) => controller.enqueue(bytes),
    pull: (controller) => ended.then(() => controller.close()),
  })
}
