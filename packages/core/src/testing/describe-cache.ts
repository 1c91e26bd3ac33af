import { cachePromises } from '../ports/cache.conformance.ts'
import type { Cache } from '../ports/cache.ts'
import { describePromises } from './describe-promises.ts'
import type { Skip } from './promise.ts'

export interface CacheSuite {
  /** Names the adapter in the test titles. */
  readonly name: string
  /** Called once. The promises make their own keys, so the store may already hold others. */
  open(): Promise<{ readonly cache: Cache; close(): Promise<void> }>
  readonly skip?: readonly Skip[]
}

/** Checks every promise of the Cache port against an adapter. Call it at the top of a vitest file. */
export function describeCache({ open, ...suite }: CacheSuite): void {
  describePromises({
    ...suite,
    promises: cachePromises,
    async open() {
      const { cache, close } = await open()
      return { port: cache, close }
    },
  })
}
