import type { Answer } from './engine/answer.ts'

/** What `fetch` rejects with when the other side hangs up. */
export const cutError = (): TypeError =>
  new TypeError('fetch failed', { cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }) })

/** The answer as a `Response`, or one whose body breaks off in the middle. */
export function toResponse({ status, headers, body }: Answer, { truncated }: { truncated: boolean }): Response {
  if (!truncated) return new Response(body, { status, headers })
  const half = new TextEncoder().encode(body.slice(0, Math.floor(body.length / 2)))
  let sent = false
  const broken = new ReadableStream({
    pull(controller) {
      if (sent) controller.error(cutError())
      else controller.enqueue(half)
      sent = true
    },
  })
  return new Response(broken, { status, headers })
}
