import { HttpError } from '../http-error.ts'
import type { HttpMiddleware } from '../request-state.ts'
import { wholeBody } from '../whole-body.ts'

/** Refuses bodies over a size: by their declared length where there is one, else while they are read. */
export function bodyLimit(most: number): HttpMiddleware {
  const refuse = (): never => {
    throw new HttpError('body_too_large', `a body may have at most ${most} bytes`)
  }
  return async (c, next) => {
    const length = c.req.header('content-length')
    // The declared length is enforced by the HTTP parser, and looking at it costs nothing.
    if (length !== undefined && c.req.header('transfer-encoding') === undefined) {
      if (Number(length) > most) refuse()
      return next()
    }
    const { body, url, method, headers } = c.req.raw
    if (body === null) return next()
    // Made of its parts: a server's own kind of request is not one that the platform's Request takes.
    c.req.raw = new Request(url, { method, headers, body: await wholeBody(readAtMost(body, most, refuse)) })
    return next()
  }
}

async function readAtMost(body: ReadableStream<Uint8Array>, most: number, refuse: () => never) {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > most) refuse()
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
