import { fromPool, postgresStorage } from '@florin/adapter-postgres'
import { aStoredRow, commit, put, read } from '@florin/core/testing'
import { afterAll, expect, test } from 'vitest'
import { freshDatabase } from '../../adapter-postgres/test/fresh-database.ts'
import { runFlorinForText } from './run-command.ts'

const database = await freshDatabase()
afterAll(() => database.close())
const pool = database.pool()

const florin = (environment: Readonly<Record<string, string>>) =>
  runFlorinForText(['prune'], { DATABASE_URL: database.url, ...environment })

const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 3600_000).toISOString()

test('lets go of all that is older than the settings say, in as many steps as it takes', {
  timeout: 60_000,
}, async () => {
  const storage = postgresStorage({ database: fromPool(pool) })
  const operation = (days: number) =>
    aStoredRow('operations', { status: 'done', dueAt: null, completedAt: daysAgo(days) })
  const young = operation(49)
  const old = Array.from({ length: 1100 }, () => operation(51))
  await commit(storage, put('operations', young), ...old.map((row) => put('operations', row)))
  const event = aStoredRow('webhook_events', { occurredAt: daysAgo(3) })
  await commit(storage, put('webhook_events', event))

  const first = await florin({ OPERATION_RETENTION: '50d', PAYLOAD_RETENTION: '2d' })
  expect(first).toMatchObject({ code: 0, complained: '' })
  expect(first.printed.split('\n').filter((line) => line.startsWith('pruned'))).toStrictEqual([
    'pruned    1100 operations',
    'pruned    1 payloads',
    'pruned    0 event data',
    'pruned    0 leases',
    'pruned    0 webhook events',
  ])
  expect(await read(storage, 'operations', young.id)).toBeDefined()
  expect((await read(storage, 'webhook_events', event.id))?.payload).toBeNull()
  expect((await florin({ OPERATION_RETENTION: '50d' })).printed).not.toMatch(/made|dropped|[1-9]\d* operations/)
})

test('refuses to let go of what Stripe may still tell of', async () => {
  const { code, complained } = await florin({ OPERATION_RETENTION: '34d', WEBHOOK_RETENTION: '7d' })
  expect(code).toBe(78)
  expect(complained).toMatch(/OPERATION_RETENTION +must be a time such as 90d, from 35d to 3650d/)
  expect(complained).toMatch(/WEBHOOK_RETENTION +must be/)
})
