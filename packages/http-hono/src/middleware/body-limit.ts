import { bodyLimit as countedLimit } from 'hono/body-limit'
import { HttpError } from '../http-error.ts'
import type { HttpMiddleware } from '../request-state.ts'

/** Refuses bodies over a size: by their declared length where there is one, else while they are read. */
export function bodyLimit(most: number): HttpMiddleware {
  const refuse = (): never => {
    throw new HttpError('body_too_large', `a body may have at most ${most} bytes`)
  }
  const counted = countedLimit({ maxSize: most, onError: refuse })
  return async (c, next) => {
    const length = c.req.header('content-length')
    // The declared length is enforced by the HTTP parser, and looking at it costs nothing.
    if (length === undefined || c.req.header('transfer-encoding') !== undefined) return counted(c, next)
    if (Number(length) > most) refuse()
    await next()
  }
}
