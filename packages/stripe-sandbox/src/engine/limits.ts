import { StripeFailure } from './stripe-failure.ts'

/** 429: another request is changing the object. May be sent again. */
export const lockTimeout = (): StripeFailure =>
  new StripeFailure(
    429,
    {
      type: 'invalid_request_error',
      code: 'lock_timeout',
      message:
        'This object cannot be accessed right now because another API request or Stripe process is currently accessing it. If you see this error intermittently, retry the request. If you see this error frequently and are making multiple concurrent requests to a single object, make your requests serially or at a lower rate. For more details, see https://stripe.com/docs/rate-limits#object-lock-timeouts.',
    },
    { saved: false, headers: { 'stripe-should-retry': 'true' } },
  )

/** 429: too many requests. */
export const rateLimited = (reason: 'global-rate' | 'endpoint-rate'): StripeFailure =>
  new StripeFailure(
    429,
    {
      type: 'invalid_request_error',
      code: 'rate_limit',
      message: 'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.',
    },
    { saved: false, headers: { 'stripe-rate-limited-reason': reason } },
  )

/** Requests a second, in all and per operation. Counted in real time: it is about load, not about the story told. */
export interface RateLimit {
  readonly perSecond?: number
  readonly perEndpointPerSecond?: number
}

/** Checks one request against the limits, or throws 429. */
export function createRateLimiter(limit: RateLimit | undefined): (endpoint: string) => void {
  if (limit === undefined) return () => undefined
  const sent = new Map<string, number[]>()
  const take = (name: string, most: number | undefined): boolean => {
    if (most === undefined) return true
    const now = performance.now()
    const recent = (sent.get(name) ?? []).filter((time) => now - time < 1000)
    const fits = recent.length < most
    if (fits) recent.push(now)
    sent.set(name, recent)
    return fits
  }
  return (endpoint) => {
    if (!take('', limit.perSecond)) throw rateLimited('global-rate')
    if (!take(endpoint, limit.perEndpointPerSecond)) throw rateLimited('endpoint-rate')
  }
}

/** The objects that requests are changing at the moment. One owner each, nobody waits. */
export function createLocks(): { hold(ids: readonly string[]): () => void } {
  const held = new Set<string>()
  return {
    hold(ids) {
      const wanted = [...new Set(ids)]
      if (wanted.some((id) => held.has(id))) throw lockTimeout()
      for (const id of wanted) held.add(id)
      return () => {
        for (const id of wanted) held.delete(id)
      }
    },
  }
}
