import type { RateLimiter } from '@florin/core'
import { HttpError } from '../http-error.ts'
import type { HttpContext, HttpMiddleware } from '../request-state.ts'

/** Who is asking, for counting: the address that the request came from. See `clientAddress` for Node. */
export type ClientAddress = (c: HttpContext) => string

export interface RateLimitOptions {
  /** Counts requests to the API, per address. */
  readonly limiter: RateLimiter
  /**
   * Counts webhooks, per address. They have a bucket of their own, or none where this is absent: Stripe sends from few
   * addresses, and every refused event comes back later.
   */
  readonly webhookLimiter?: RateLimiter
  readonly clientAddress: ClientAddress
}

/** Counts a request in a bucket and refuses it where the bucket is empty, telling when it fills again. */
export function rateLimit(
  bucket: 'api' | 'webhooks',
  limiter: RateLimiter,
  clientAddress: ClientAddress,
  limited: () => void,
): HttpMiddleware {
  return async (c, next) => {
    const { allowed, limit, remaining, resetSeconds } = await limiter.take(`${bucket}:${clientAddress(c)}`)
    const { headers } = c.var.florin
    headers['RateLimit-Policy'] = `"${bucket}";q=${limit}`
    headers.RateLimit = `"${bucket}";r=${remaining};t=${resetSeconds}`
    if (!allowed) {
      limited()
      throw new HttpError('rate_limited', `too many requests; try again in ${resetSeconds} seconds`, {
        headers: { 'Retry-After': String(resetSeconds) },
      })
    }
    await next()
  }
}
