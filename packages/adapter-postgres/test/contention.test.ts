import { one, type Storage } from '@florin/core'
import { aStoredRow, commit, put, read } from '@florin/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromPool, type PgPool, postgresStorage } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'
import { recordingPool } from './recording-pool.ts'
import { holdRow, untilWaiting, whileHeld } from './while-held.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.close())

/** As many storages as there would be processes, for within one storage nobody waits in Postgres for another. */
const storagesOver = (pool: PgPool, count: number) =>
  Array.from({ length: count }, () => postgresStorage({ database: fromPool(pool), lockTimeoutMs: 60_000 }))

test('commits one of many changes of a version that all wait for the row', async () => {
  const storages = storagesOver(database.pool({ max: 20 }), 20)
  const [storage] = storages
  if (!storage) throw new Error('storages were made')
  const row = aStoredRow('transactions')
  await commit(storage, put('transactions', row))
  const change = (one: Storage) =>
    commit(one, put('transactions', { ...row, version: 1 }), put('audit_log', aStoredRow('audit_log')))
  const results = await whileHeld(database, 'transactions', [row.id], 20, () => Promise.all(storages.map(change)))
  expect(results.filter((result) => result === 'committed')).toHaveLength(1)
  expect((await read(storage, 'transactions', row.id))?.version).toBe(2)
})

test('commits one of many new rows with one key that all wait for the same row of another table', async () => {
  const storages = storagesOver(database.pool({ max: 20 }), 20)
  const [storage] = storages
  if (!storage) throw new Error('storages were made')
  const lease = aStoredRow('leases')
  await commit(storage, put('leases', lease))
  const start = (one: Storage) => {
    const operation = aStoredRow('operations', { callerScope: lease.id, callerKey: 'key' })
    return commit(one, put('operations', operation), put('leases', { ...lease, version: 1 }))
  }
  const results = await whileHeld(database, 'leases', [lease.id], 1, () => Promise.all(storages.map(start)))
  expect(results.filter((result) => result === 'committed')).toHaveLength(1)
})

test('takes 50 commits over overlapping rows in opposite order through without a deadlock, losing nothing', async () => {
  const { pool, failures } = recordingPool(database.pool({ max: 25 }))
  const storages = storagesOver(pool, 10)
  const [storage] = storages
  if (!storage) throw new Error('storages were made')
  const payments = [1, 2, 3, 4].map(() => aStoredRow('transactions', { amount: 0 }))
  const subscription = aStoredRow('subscriptions', { latestInvoice: '0' })
  await commit(storage, ...payments.map((row) => put('transactions', row)), put('subscriptions', subscription))
  const add = async (worker: number) => {
    for (;;) {
      const [a, b] = worker % 2 ? [0, 3] : [3, 0]
      const [first, second] = [payments[a], payments[b]]
      if (!first || !second) throw new Error('four rows were made')
      const found = await storage.load({
        first: one('transactions', { id: first.id }),
        second: one('transactions', { id: second.id }),
        subscription: one('subscriptions', { id: subscription.id }),
      })
      if (!found.first || !found.second || !found.subscription) throw new Error('the rows were written')
      const changes = [found.first, found.second].map((row) => put('transactions', { ...row, amount: row.amount + 1 }))
      const latestInvoice = String(Number(found.subscription.latestInvoice) + 1)
      const counted = put('subscriptions', { ...found.subscription, latestInvoice })
      const ordered = worker % 2 ? [...changes, counted] : [counted, ...changes]
      if ((await commit(storages[worker % 10] ?? storage, ...ordered)) === 'committed') return
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
    }
  }
  await Promise.all(Array.from({ length: 50 }, (_, worker) => add(worker)))

  expect((await read(storage, 'transactions', payments[0]?.id ?? ''))?.amount).toBe(50)
  expect((await read(storage, 'transactions', payments[3]?.id ?? ''))?.amount).toBe(50)
  expect((await read(storage, 'subscriptions', subscription.id))?.latestInvoice).toBe('50')
  expect(failures.every((code) => code === 'FL001')).toBe(true)
}, 60_000)

test('locks the rows of several updates by their ids, whatever order their plans find them in', async () => {
  const filler = Array.from({ length: 1000 }, () => put('transactions', aStoredRow('transactions')))
  const byIndex = recordingPool(database.pool({ options: '-c enable_seqscan=off -c enable_hashjoin=off' }))
  const byTable = recordingPool(database.pool({ options: '-c enable_nestloop=off -c enable_mergejoin=off' }))
  const [first, second] = [byIndex, byTable].map(({ pool }) => postgresStorage({ database: fromPool(pool) }))
  if (!first || !second) throw new Error('two storages were made')
  await commit(first, ...filler)
  await database.pool({ max: 1 }).query('analyze transactions')

  for (let round = 0; round < 3; round += 1) {
    const rows = [1, 2, 3].map(() => aStoredRow('transactions')).sort((a, b) => (a.id < b.id ? 1 : -1))
    // In the table they stand with the highest id first.
    for (const row of rows) await commit(first, put('transactions', row))
    const changes = rows.map((row) => put('transactions', { ...row, version: 1 }))
    // Each comes to the middle one from its own side, and would then want what the other one has.
    const results = await whileHeld(database, 'transactions', [rows[1]?.id ?? ''], 2, () =>
      Promise.all([first, second].map((storage) => commit(storage, ...changes))),
    )
    expect(results.sort()).toStrictEqual(['committed', 'conflict'])
  }
  expect(new Set([...byIndex.failures, ...byTable.failures])).toStrictEqual(new Set(['FL001']))
})

test('gives way to a deadlock with a stranger as a conflict', async () => {
  const storage = postgresStorage({ database: fromPool(database.pool()) })
  const rows = [aStoredRow('transactions'), aStoredRow('transactions')].sort((a, b) => (a.id < b.id ? -1 : 1))
  const [low, high] = rows
  if (!low || !high) throw new Error('two rows were made')
  await commit(storage, ...rows.map((row) => put('transactions', row)))
  const stranger = await database.pool({ max: 1 }).connect()
  await stranger.query("begin; set local deadlock_timeout = '10s'")
  await stranger.query('select 1 from transactions where id = $1 for update', [high.id])
  const ours = commit(storage, ...rows.map((row) => put('transactions', { ...row, version: 1 })))
  await untilWaiting(database, 1)
  await stranger.query('select 1 from transactions where id = $1 for update', [low.id])
  await stranger.query('commit')
  stranger.release()
  expect(await ours).toBe('conflict')
})

test('refuses a commit whose row somebody holds for long, with nothing applied, and then goes on', async () => {
  const storage = postgresStorage({ database: fromPool(database.pool({ max: 1 })), lockTimeoutMs: 50 })
  const [held, beside] = [aStoredRow('transactions'), aStoredRow('leases')]
  await commit(storage, put('transactions', held))
  const change = () => commit(storage, put('transactions', { ...held, version: 1 }), put('leases', beside))
  const letGo = await holdRow(database.pool({ max: 1 }), 'transactions', held.id)
  await expect(change()).rejects.toMatchObject({ code: 'storage_unavailable', outcome: 'not_applied' })
  await expect(change()).rejects.toThrow('somebody holds what it needs')
  expect(await read(storage, 'leases', beside.id)).toBeUndefined()
  expect(await commit(storage, put('leases', aStoredRow('leases')))).toBe('committed')
  await letGo()
  expect(await change()).toBe('committed')
})
