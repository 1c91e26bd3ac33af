import { Redis } from 'ioredis'
import { expect } from 'vitest'

/** A client that comes back quickly after it lost the server, and queues what it cannot send: ioredis's own way. */
export function patientClient(url: string): Redis {
  const redis = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
  // A lost server is what these tests are about.
  redis.on('error', () => undefined)
  return redis
}

/** For tests in which Redis must answer: a busy machine may need longer than the default. */
export const patience = { timeoutMs: 10_000 }

/** For tests in which it is lost: long enough for a busy machine, short enough to be told from waiting for ever. */
export const LOST_AFTER_MS = 1000

/** Fails when the work took longer. */
export async function inTime(milliseconds: number, work: () => Promise<void>): Promise<void> {
  const start = performance.now()
  await work()
  expect(performance.now() - start).toBeLessThan(milliseconds)
}
