import { DefectError, UnavailableError } from '@florin/core'
import { expect, onTestFinished, test, vi } from 'vitest'
import { backgroundWork, catchingUp, type Maintenance } from '../src/cli/background-work.ts'
import { later } from '../src/cli/later.ts'

/** Starts the loops over jobs of which all but the given ones find nothing to do. */
function startWork(jobs: Partial<Maintenance>) {
  const logged: object[] = []
  const log = (fields: object, message: string) => void logged.push({ ...fields, message })
  const nothing: Maintenance = {
    recover: async () => ({ settled: 0, settledIds: [], open: [] }),
    refresh: async () => ({ read: 0, changed: 0 }),
    retryWebhooks: async () => ({ processed: 0, ignored: 0, failed: 0, duplicate: 0 }),
    refundDuplicates: async () => ({ refunded: 0, left: 0, open: 0 }),
    dispatch: async () => ({ delivered: 0, failed: 0, dead: 0 }),
    erase: async () => ({ erased: 0, left: [] }),
    prune: async () => ({
      pruned: { operations: 0, payloads: 0, event_data: 0, leases: 0, webhook_events: 0 },
      ...{ made: [], dropped: [], isMore: false },
    }),
  }
  const maintenance = { ...nothing, ...jobs }
  const work = backgroundWork({ maintenance }, { debug: log, info: log, warn: log, error: log })
  work.start()
  onTestFinished(() => work.stop())
  return { work, logged }
}

test('goes on at once while there is more to do than fits into one run', async () => {
  let left = 500
  startWork({
    async refresh({ limit = 0 } = {}) {
      const read = Math.min(left, limit)
      left -= read
      return { read, changed: 0 }
    },
  })
  // Much less than the pause between two runs.
  await expect.poll(() => left, { timeout: 4000 }).toBe(0)
})

test('tells of each erasure that does not end yet, and why', async () => {
  const left = [{ userId: 'user_1', code: 'gateway_unavailable' }, { userId: 'user_2' }]
  const { logged } = startWork({ erase: async () => ({ erased: 0, left }) })
  const message = 'an erasure does not end yet'
  await expect
    .poll(() => logged)
    .toStrictEqual([
      { job: 'erase users', user_id: 'user_1', code: 'gateway_unavailable', message },
      { job: 'erase users', user_id: 'user_2', message },
    ])
})

test('tries every stored webhook that failed once, at the start, and after that those whose time has come', async () => {
  const asked: object[] = []
  const counts = { processed: 0, ignored: 0, failed: 0, duplicate: 0 }
  startWork({
    async retryWebhooks(options = {}) {
      asked.push(options)
      // As many as one run takes: the next one follows at once.
      return { ...counts, processed: asked.length < 3 ? 40 : 0, duplicate: 10 }
    },
  })
  await expect.poll(() => asked, { timeout: 4000 }).toEqual([{ all: true }, { limit: 50 }, { limit: 50 }])
})

test.each([
  { error: new UnavailableError('storage_unavailable', 'away', 'not_applied'), next: { all: true } },
  { error: new DefectError('a body that cannot be read'), next: { limit: 50 } },
])('a start that cannot try them all for $error.code goes on with $next', async ({ error, next }) => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const asked: object[] = []
  startWork({
    async retryWebhooks(options = {}) {
      asked.push(options)
      if (asked.length === 1) throw error
      return { processed: 0, ignored: 0, failed: 0, duplicate: 0 }
    },
  })
  await vi.advanceTimersByTimeAsync(40_000)
  expect(asked.slice(0, 2)).toEqual([{ all: true }, next])
})

test('catches up with what no webhook told of, from the first start on, and warns of a long gap', async () => {
  const logged: object[] = []
  const log = (fields: object, message: string) => void logged.push({ ...fields, message })
  const logger = { debug: log, info: log, warn: log, error: log }
  const asked: object[] = []
  const counts = { read: 3, processed: 2, ignored: 1, failed: 0, duplicate: 0 }
  const maintenance = {
    async reconcile(options: object = {}) {
      asked.push(options)
      return { ...counts, gapSeconds: 2_300_000, warning: 'gap_over_25_days' as const }
    },
  }
  const { everyMs, run } = catchingUp({ maintenance }, 600_000, logger)
  expect(everyMs).toBe(600_000)
  // Never more at once: the events are all read.
  expect((await run(50)).done).toBe(0)
  expect(asked).toEqual([{ fromNow: true }])
  expect(logged).toMatchObject([{ warning: 'gap_over_25_days', gap_seconds: 2_300_000 }, counts])
})

test('goes on after a failure, and tells it', { timeout: 30_000 }, async () => {
  let runs = 0
  const { logged } = startWork({
    async dispatch() {
      runs += 1
      if (runs === 1) throw new Error('the database is away')
      return { delivered: 0, failed: 0, dead: 0 }
    },
  })
  await expect.poll(() => runs, { timeout: 10_000 }).toBeGreaterThan(1)
  expect(logged).toContainEqual(expect.objectContaining({ job: 'dispatch events', err: expect.any(Error) }))
})

test('one job that hangs does not hold up the others, and stopping waits for it', { timeout: 30_000 }, async () => {
  const hanging = later<{ settled: number; settledIds: []; open: [] }>()
  let dispatched = 0
  const { work } = startWork({
    recover: () => hanging.promise,
    async dispatch() {
      dispatched += 1
      return { delivered: 0, failed: 0, dead: 0 }
    },
  })
  await expect.poll(() => dispatched, { timeout: 10_000 }).toBeGreaterThan(1)
  let isStopped = false
  const stopped = work.stop().then(() => {
    isStopped = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(isStopped).toBe(false)
  hanging.resolve({ settled: 0, settledIds: [], open: [] })
  await stopped
  const before = dispatched
  await new Promise((resolve) => setImmediate(resolve))
  expect(dispatched).toBe(before)
})
