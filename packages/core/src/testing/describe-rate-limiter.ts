import { type MakeRateLimiter, rateLimiterPromises } from '../ports/rate-limiter.conformance.ts'
import { describePromises } from './describe-promises.ts'
import type { Skip } from './promise.ts'

export interface RateLimiterSuite {
  /** Names the adapter in the test titles. */
  readonly name: string
  /** Called once. The promises make their own keys, and limiters with the limits that they need. */
  open(): Promise<{ readonly make: MakeRateLimiter; close(): Promise<void> }>
  readonly skip?: readonly Skip[]
}

/** Checks every promise of the RateLimiter port against an adapter. Call it at the top of a vitest file. */
export function describeRateLimiter({ open, ...suite }: RateLimiterSuite): void {
  describePromises({
    ...suite,
    promises: rateLimiterPromises,
    async open() {
      const { make, close } = await open()
      return { port: make, close }
    },
  })
}
