import { aStoredRow, commit, put, read } from '@florin/core/testing'
import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromPool, postgresStorage } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'

let database: FreshDatabase
let pool: Pool
beforeAll(async () => {
  database = await freshDatabase()
  pool = database.pool()
})
afterAll(() => database.close())

test.each(['update audit_log set outcome = $$forged$$', 'delete from audit_log', 'truncate audit_log'])(
  'refuses to %s',
  async (statement) => {
    await expect(pool.query(statement)).rejects.toThrow('audit_log is append-only')
  },
)

test('stores the commit id on every row, new or changed', async () => {
  const storage = postgresStorage({ database: fromPool(pool) })
  const [payment, lease] = [aStoredRow('transactions'), aStoredRow('leases')]
  await storage.commit({ id: 'first', changes: [put('transactions', payment), put('leases', lease)] })
  await storage.commit({ id: 'second', changes: [put('transactions', { ...payment, version: 1 })] })
  const commitOf = async (table: string, id: string) =>
    (await pool.query(`select commit_id from ${table} where id = $1`, [id])).rows[0].commit_id
  expect(await commitOf('transactions', payment.id)).toBe('second')
  expect(await commitOf('leases', lease.id)).toBe('first')
})

test('stores a refund of a payment that is not there as a defect, and nothing of it', async () => {
  const storage = postgresStorage({ database: fromPool(pool) })
  const refund = aStoredRow('refunds', { paymentId: 'tx_none' })
  const beside = aStoredRow('leases')
  const change = commit(storage, put('refunds', refund), put('leases', beside))
  await expect(change).rejects.toMatchObject({ kind: 'defect', message: expect.stringContaining('23503') })
  expect(await read(storage, 'leases', beside.id)).toBeUndefined()
})

test.each([-1, 0.5, Number.NaN])('refuses an amount of %d', async (amount) => {
  const storage = postgresStorage({ database: fromPool(pool) })
  const change = commit(storage, put('transactions', aStoredRow('transactions', { amount })))
  await expect(change).rejects.toMatchObject({ kind: 'defect' })
})

test('tells of no value in the message of a defect', async () => {
  const storage = postgresStorage({ database: fromPool(pool) })
  const change = commit(storage, put('transactions', aStoredRow('transactions', { reference: 'secret\u0000' })))
  await expect(change).rejects.toMatchObject({ kind: 'defect', message: expect.not.stringContaining('secret') })
})

test('refuses to read a number that JavaScript cannot hold exactly', async () => {
  const storage = postgresStorage({ database: fromPool(pool) })
  const row = aStoredRow('transactions')
  await commit(storage, put('transactions', row))
  await pool.query('update transactions set amount = 9007199254740993 where id = $1', [row.id])
  await expect(read(storage, 'transactions', row.id)).rejects.toMatchObject({ kind: 'defect' })
})

test('says what to do when the tables are not there', async () => {
  const empty = await freshDatabase({ migrated: false })
  const storage = postgresStorage({ database: fromPool(empty.pool()) })
  await expect(read(storage, 'transactions', 'tx_1')).rejects.toMatchObject({
    kind: 'defect',
    message: expect.stringContaining('migrate'),
  })
  await empty.close()
})

test('stores payloads without compressing them', async () => {
  const { rows } = await pool.query(
    "select attstorage from pg_attribute where attrelid = 'webhook_events'::regclass and attname = 'payload'",
  )
  expect(rows).toStrictEqual([{ attstorage: 'e' }])
})
