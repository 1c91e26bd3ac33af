import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { HttpContext } from './request-state.ts'

/** Answers JSON, with the headers that the middlewares gathered. */
export function answerJson(
  c: HttpContext,
  status: ContentfulStatusCode,
  body: object,
  contentType = 'application/json',
): Response {
  return answerText(c, status, JSON.stringify(body), contentType)
}

/** Answers text of a content type, with the headers that the middlewares gathered. */
export function answerText(c: HttpContext, status: ContentfulStatusCode, body: string, contentType: string): Response {
  return new Response(body, { status, headers: { ...c.get('florin').headers, 'Content-Type': contentType } })
}

/** Answers 204. */
export function answerNothing(c: HttpContext): Response {
  return new Response(null, { status: 204, headers: c.get('florin').headers })
}
