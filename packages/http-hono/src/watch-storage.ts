import { isFlorinError, type Storage } from '@florin/core'
import type { HealthCheck } from './health.ts'

/** After this long without a commit, nobody knows whether one would succeed: it counts as well. */
const COUNTS_MS = 30_000

/**
 * Watches whether the storage can be written, by the commits that are made anyway: a database whose disk is full answers
 * every probe that only reads. Give the `storage` that it answers to `createFlorin`, and `check` to `/health`.
 */
export function storageWatch(storage: Storage, now: () => number = () => performance.now()) {
  let failedAt: number | undefined
  const watched: Storage = {
    ...storage,
    async commit(commit) {
      try {
        const outcome = await storage.commit(commit)
        failedAt = undefined
        return outcome
      } catch (error) {
        if (isFlorinError(error) && error.kind === 'unavailable') failedAt = now()
        throw error
      }
    },
  }
  const check: HealthCheck = {
    // Reads go on, and no other server of the same database would fare better.
    optional: true,
    async check() {
      if (failedAt !== undefined && now() - failedAt <= COUNTS_MS) throw new Error('the latest commit failed')
    },
  }
  return { storage: watched, check }
}
