import { type PrunedStorage, retentionPromises } from '../ports/retention.conformance.ts'
import { describePromises } from './describe-promises.ts'
import type { Skip } from './promise.ts'

export interface RetentionSuite {
  /** Names the adapter in the test titles. */
  readonly name: string
  /** Called once. The promises make their own rows, but let go of everything that is older than June 2020. */
  open(): Promise<PrunedStorage & { close(): Promise<void> }>
  readonly skip?: readonly Skip[]
}

/** Checks every promise of the Retention port against an adapter. Call it at the top of a vitest file. */
export function describeRetention({ open, ...suite }: RetentionSuite): void {
  describePromises({
    ...suite,
    promises: retentionPromises,
    async open() {
      const { storage, retention, close } = await open()
      return { port: { storage, retention }, close }
    },
  })
}
