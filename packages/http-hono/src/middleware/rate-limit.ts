import type { RateLimiter } from '@florin/core'
import { HttpError } from '../http-error.ts'
import { networkOf } from '../ip-address.ts'
import type { HttpContext, HttpMiddleware } from '../request-state.ts'

/** Who is asking, for counting: the address that the request came from. See `clientAddress` for Node. */
export type ClientAddress = (c: HttpContext) => string

export interface RateLimitOptions {
  /** Counts requests to the API, per address; of IPv6, per /64. */
  readonly limiter: RateLimiter
  /**
   * Counts webhooks, per address. They have a bucket of their own, or none where this is absent: Stripe sends from few
   * addresses, and every refused event comes back later.
   */
  readonly webhookLimiter?: RateLimiter
  /**
   * Counts tokens that are not genuine, per address, besides the request itself. Over it they are answered 429 instead of
   * 401. A token that is good is never refused for it: many users may come from one address, as behind another server.
   */
  readonly failureLimiter?: RateLimiter
  readonly clientAddress: ClientAddress
}

/** Counts a request in a bucket and throws `rate_limited` where the bucket is empty. */
export type TakeFromBucket = (c: HttpContext) => Promise<void>

export interface Bucket {
  readonly name: 'api' | 'webhooks' | 'failures'
  readonly limiter: RateLimiter
  readonly clientAddress: ClientAddress
  /** Told of each request that is refused. */
  readonly limited: () => void
}

/** A bucket that tells in the answer's headers what is left in it, and when it fills again. */
export function bucket({ name, limiter, clientAddress, limited }: Bucket): TakeFromBucket {
  return async (c) => {
    const key = `${name}:${networkOf(clientAddress(c))}`
    const { allowed, limit, remaining, resetSeconds } = await limiter.take(key)
    const { headers } = c.get('florin')
    append(headers, 'RateLimit-Policy', `"${name}";q=${limit}`)
    append(headers, 'RateLimit', `"${name}";r=${remaining};t=${resetSeconds}`)
    if (allowed) return
    limited()
    throw new HttpError('rate_limited', `too many requests; try again in ${resetSeconds} seconds`, {
      headers: { 'Retry-After': String(resetSeconds) },
    })
  }
}

/** Counts every request in a bucket. */
export function rateLimit(take: TakeFromBucket): HttpMiddleware {
  return async (c, next) => {
    await take(c)
    return next()
  }
}

/** A request may be counted in two buckets: both headers are lists. */
function append(headers: Record<string, string>, name: string, entry: string): void {
  headers[name] = headers[name] === undefined ? entry : `${headers[name]}, ${entry}`
}
