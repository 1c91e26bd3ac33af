/** What taking one request from a bucket came to. */
export interface Taken {
  readonly allowed: boolean
  /** How many the window allows. */
  readonly limit: number
  readonly remaining: number
  /** Whole seconds until the window ends, at least 1. */
  readonly resetSeconds: number
}

/**
 * Counts requests in fixed windows. One limiter has one limit and one window; keys share nothing.
 *
 * `take` never throws and never waits long: a limiter that cannot reach its store counts in memory instead, so that a
 * lost store neither stops the service nor opens it.
 */
export interface RateLimiter {
  take(key: string): Promise<Taken>
}
