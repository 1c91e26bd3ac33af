import { PGlite } from '@electric-sql/pglite'
import { aStoredRow, commit, describeRetention, put, read } from '@florin/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { fromPglite, fromPool, migrateToLatest, postgresRetention, postgresStorage } from '../src/index.ts'
import { freshDatabase } from './fresh-database.ts'

describeRetention({
  name: 'Postgres, in another time zone and other output styles',
  async open() {
    const fresh = await freshDatabase()
    const options = '-c TimeZone=America/St_Johns -c DateStyle=SQL,DMY'
    const database = fromPool(fresh.pool({ options }))
    return { storage: postgresStorage({ database }), retention: postgresRetention({ database }), close: fresh.close }
  },
})

describeRetention({
  name: 'PGlite',
  async open() {
    const pglite = await PGlite.create()
    const database = fromPglite(pglite)
    await migrateToLatest(database)
    const close = () => pglite.close()
    return { storage: postgresStorage({ database }), retention: postgresRetention({ database }), close }
  },
})

async function opened() {
  const fresh = await freshDatabase()
  onTestFinished(fresh.close)
  const pool = fresh.pool()
  const database = fromPool(pool)
  return { pool, storage: postgresStorage({ database }), retention: postgresRetention({ database }), fresh }
}

const before = '2020-06-01T00:00:00.000Z'
const completedAt = '2020-05-01T00:00:00.000Z'

test('passes over rows that somebody holds, without waiting for them', async () => {
  const { pool, storage, retention } = await opened()
  const done = [1, 2, 3].map(() => aStoredRow('operations', { status: 'done', dueAt: null, completedAt }))
  const [held] = done
  await commit(storage, ...done.map((row) => put('operations', row)))
  const holder = await pool.connect()
  await holder.query('begin')
  await holder.query('select 1 from operations where id = $1 for update', [held?.id])
  expect(await retention.prune('operations', { before, limit: 10 })).toBe(2)
  expect(await read(storage, 'operations', held?.id ?? '')).toBeDefined()
  await holder.query('commit')
  holder.release()
  expect(await retention.prune('operations', { before, limit: 10 })).toBe(1)
})

test('drops whole partitions, the oldest first, and never one that holds a younger event', async () => {
  const { pool, storage, retention } = await opened()
  const now = Date.now()
  const inWeeks = (weeks: number) => new Date(now + weeks * 7 * 24 * 3600_000).toISOString()
  const events = [0, 1, 2, 3, 4, 5].map((week) => aStoredRow('webhook_events', { occurredAt: inWeeks(week) }))
  await commit(storage, ...events.map((row) => put('webhook_events', row)))
  const later = { now: inWeeks(30), before: inWeeks(4) }
  const { dropped, made } = await retention.rotate(later)
  expect(dropped.length).toBeGreaterThanOrEqual(2)
  expect(dropped).toStrictEqual(dropped.toSorted())
  expect(made.length).toBeGreaterThanOrEqual(4)
  const left = await pool.query('select id, occurred_at from webhook_events')
  const ids = left.rows.map(({ id }) => id)
  for (const { id, occurredAt } of events) {
    if (occurredAt >= later.before) expect(ids).toContain(id)
    if (occurredAt < inWeeks(3)) expect(ids).not.toContain(id)
  }
  expect((await retention.rotate(later)).dropped).toStrictEqual([])
})

test('may be run by a role that is granted the functions, and by no other', async () => {
  const { pool, fresh } = await opened()
  const role = `app_${fresh.url.split('_').at(-1)}`
  await pool.query(
    `create role ${role}; grant select, insert, update, delete on all tables in schema public to ${role}`,
  )
  onTestFinished(async () => {
    await pool.query(`drop owned by ${role}; drop role ${role}`)
  })
  const asApp = postgresRetention({ database: fromPool(fresh.pool({ options: `-c role=${role}` })) })
  const times = { now: '2040-01-01T00:00:00.000Z', before: '2039-01-01T00:00:00.000Z' }
  await expect(asApp.rotate(times)).rejects.toThrow('42501')
  await pool.query(`grant execute on function florin_add_partition, florin_drop_events to ${role}`)
  const { made } = await asApp.rotate(times)
  expect(made.filter((name) => name.startsWith('webhook_events_until_'))).toHaveLength(5)
  expect(made.filter((name) => name.startsWith('audit_log_until_'))).toHaveLength(3)
  expect(await asApp.prune('operations', { before, limit: 10 })).toBe(0)
})
