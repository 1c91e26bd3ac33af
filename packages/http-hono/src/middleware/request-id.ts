import { hasCardNumber } from '@florin/core'
import type { HttpMiddleware } from '../request-state.ts'

const acceptable = /^[A-Za-z0-9._:-]{1,128}$/

/**
 * Begins the request's state: its id, taken from the caller where it is a plain word (a log line must not be forged
 * with it) and made up otherwise, and the route that matched. Must be the first.
 */
export function requestId(route: string, header = 'X-Request-Id'): HttpMiddleware {
  return (c, next) => {
    const given = c.req.header(header)
    const id = given !== undefined && acceptable.test(given) && !hasCardNumber(given) ? given : crypto.randomUUID()
    c.set('florin', { requestId: id, route, headers: { [header]: id } })
    return next()
  }
}
