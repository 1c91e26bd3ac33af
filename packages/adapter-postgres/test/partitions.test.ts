import { one } from '@florin/core'
import { aStoredRow, commit, put, read } from '@florin/core/testing'
import type { Pool } from 'pg'
import { afterEach, expect, test } from 'vitest'
import { fromPool, migrateDown, migrateToLatest, postgresStorage } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'

const opened: FreshDatabase[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

async function migrated() {
  const database = await freshDatabase()
  opened.push(database)
  const pool = database.pool()
  return { pool, storage: postgresStorage({ database: fromPool(pool) }) }
}

/** Takes migrations back until the events are in one table. */
async function unpartition(pool: Pool): Promise<void> {
  for (;;) if ((await migrateDown(fromPool(pool)))[0] === '0007-partitions') return
}

const partOf = async (pool: Pool, id: string): Promise<string | undefined> =>
  (await pool.query('select tableoid::regclass::text as part from webhook_events where id = $1', [id])).rows[0]?.part

const DAY = 24 * 3600_000
const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString()

const partsOf = async (pool: Pool): Promise<string[]> => {
  const parts = await pool.query(
    "select inhrelid::regclass::text as part from pg_inherits where inhparent = 'webhook_events'::regclass order by 1",
  )
  return parts.rows.map(({ part }) => part)
}

const addPartition = async (pool: Pool, at: string, until: string): Promise<string | null> =>
  (
    await pool.query("select florin_add_partition('webhook_events', 'occurred_at', 'week', $1, $2) as made", [
      at,
      until,
    ])
  ).rows[0].made

test('turns a table with events into partitions and back, with every row and index', async () => {
  const { pool, storage } = await migrated()
  const indexes = async () => {
    const { rows } = await pool.query(
      // The one for pruning comes with the partitions.
      `select indexrelid::regclass::text as name from pg_index
       where indrelid = 'webhook_events'::regclass and indexrelid::regclass::text <> 'webhook_events_payload' order by 1`,
    )
    return rows.map(({ name }) => name)
  }
  const latest = await indexes()
  await unpartition(pool)
  const before = await indexes()
  const days = [-400, -35, -1, 0, 5, 30, 90]
  const events = days.map((day) => aStoredRow('webhook_events', { occurredAt: inDays(day) }))
  // A table as it was: the statements of this release ask for columns that it had then, too.
  await commit(storage, ...events.map((row) => put('webhook_events', row)))
  await migrateToLatest(fromPool(pool))
  for (const row of events) expect(await read(storage, 'webhook_events', row.id)).toStrictEqual({ ...row, version: 1 })
  expect(await indexes()).toStrictEqual(latest)

  const [failed] = events
  if (!failed) throw new Error('there are events')
  const change = put('webhook_events', { ...failed, version: 1, status: 'processed' })
  expect(await commit(storage, change)).toBe('committed')
  await unpartition(pool)
  for (const { id } of events) expect(await read(storage, 'webhook_events', id)).toMatchObject({ id })
  expect(await indexes()).toStrictEqual(before)
})

test('takes an event of any time, each once, and finds it by its id alone and with its time', async () => {
  const { pool, storage } = await migrated()
  const times = ['1970-01-01T00:00:00.000Z', inDays(0), inDays(20), '2999-12-31T00:00:00.000Z']
  const events = times.map((occurredAt) => aStoredRow('webhook_events', { occurredAt }))
  for (const row of events) {
    expect(await commit(storage, put('webhook_events', row))).toBe('committed')
    expect(await commit(storage, put('webhook_events', row))).toBe('conflict')
    const { byId, byTime, other } = await storage.load({
      byId: one('webhook_events', { id: row.id }),
      byTime: one('webhook_events', { id: row.id, occurredAt: row.occurredAt }),
      other: one('webhook_events', { id: row.id, occurredAt: '2020-01-01T00:00:00.000Z' }),
    })
    expect([byId?.id, byTime?.id, other]).toEqual([row.id, row.id, undefined])
  }
  const parts = await Promise.all(events.map(({ id }) => partOf(pool, id)))
  expect(parts[3]).toBe('webhook_events_default')
  expect(new Set(parts.slice(0, 3)).size).toBe(2)
})

test('makes partitions of a week ahead, each once, with all indexes', async () => {
  const { pool } = await migrated()
  const before = await partsOf(pool)
  const made: string[] = []
  for (let name = await addPartition(pool, inDays(0), inDays(100)); name !== null; ) {
    made.push(name)
    name = await addPartition(pool, inDays(0), inDays(100))
  }
  expect(made.length).toBeGreaterThan(7)
  expect(await partsOf(pool)).toStrictEqual([...before, ...made].sort())
  const { rows } = await pool.query(
    'select count(*)::int as indexes from pg_index where indrelid = $1::regclass or indrelid = $2::regclass group by indrelid',
    ['webhook_events', made[0]],
  )
  expect(rows[0]).toStrictEqual(rows[1])
})

test('keeps off the weeks of which the default partition has events', async () => {
  const { pool, storage } = await migrated()
  const late = aStoredRow('webhook_events', { occurredAt: inDays(70) })
  await commit(storage, put('webhook_events', late))
  const made = await addPartition(pool, inDays(0), inDays(100))
  const [, start] = /until_(\d{8})$/.exec(made ?? '') ?? []
  expect(start).toBeDefined()
  const until = Date.parse(`${start?.slice(0, 4)}-${start?.slice(4, 6)}-${start?.slice(6)}`)
  expect(until - 7 * DAY).toBeGreaterThan(Date.parse(late.occurredAt))
  expect(await partOf(pool, late.id)).toBe('webhook_events_default')
})

test('does not queue for a lock: it gives up, and makes the partition the next time', async () => {
  const { pool } = await migrated()
  const reader = await pool.connect()
  await reader.query('begin; select 1 from webhook_events limit 1')
  await expect(addPartition(pool, inDays(0), inDays(100))).rejects.toMatchObject({ code: '55P03' })
  await reader.query('commit')
  reader.release()
  expect(await addPartition(pool, inDays(0), inDays(100))).toMatch(/^webhook_events_until_/)
})
