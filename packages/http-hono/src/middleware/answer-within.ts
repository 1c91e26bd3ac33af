import type { HttpMiddleware } from '../request-state.ts'

/**
 * Has core answer an operation in time: 503 where nothing was begun by then, 504 where its outcome is not known yet.
 * Proxies in front of this server would answer their own 504 some time later, which says neither.
 */
export function answerWithin(milliseconds: number): HttpMiddleware {
  return async (c, next) => {
    const late = new AbortController()
    c.get('florin').signal = late.signal
    const timer = setTimeout(() => late.abort(), milliseconds)
    try {
      return await next()
    } finally {
      clearTimeout(timer)
    }
  }
}
