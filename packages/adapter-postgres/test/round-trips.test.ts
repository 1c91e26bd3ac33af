import { many, one, page } from '@florin/core'
import { aStoredRow, commit, put } from '@florin/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromPool, postgresStorage } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'
import { recordingPool } from './recording-pool.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.close())

test('loads many finds with one named statement, and sends its text again only to new connections', async () => {
  const { pool, sent } = recordingPool(database.pool())
  const storage = postgresStorage({ database: fromPool(pool) })
  for (const id of ['tx_1', 'tx_2']) {
    await storage.load({
      payment: one('transactions', { id }),
      refunds: many('refunds', { paymentId: id }),
      newest: page('transactions', { userId: 'user_1' }, { limit: 3 }),
    })
  }
  expect(sent).toHaveLength(2)
  expect(sent[0]?.name).toMatch(/^florin_load_[0-9a-f]{16}$/)
  expect(sent[1]?.name).toBe(sent[0]?.name)
  expect(sent.map(({ values }) => values)).toStrictEqual([
    ['tx_1', 'tx_1', 'user_1'],
    ['tx_2', 'tx_2', 'user_1'],
  ])
})

test('commits changes of several tables with one named statement, the same for any number of rows above one', async () => {
  const { pool, sent } = recordingPool(database.pool())
  const storage = postgresStorage({ database: fromPool(pool) })
  const row = aStoredRow('transactions')
  const refunds = [1, 2, 3, 4, 5].map(() => put('refunds', aStoredRow('refunds', { paymentId: row.id })))
  await commit(storage, put('transactions', row))
  await commit(storage, put('transactions', { ...row, version: 1 }), ...refunds.slice(0, 2))
  await commit(storage, ...refunds.slice(2), put('transactions', { ...row, version: 2 }))
  expect(sent).toHaveLength(3)
  expect(sent[2]?.name).toMatch(/^florin_commit_[0-9a-f]{16}$/)
  expect(sent[2]?.name).toBe(sent[1]?.name)
  expect(sent.some(({ text }) => /\b(begin|commit|rollback)\b/i.test(text))).toBe(false)
})

test('needs no second statement to learn of a conflict', async () => {
  const { pool, sent } = recordingPool(database.pool())
  const storage = postgresStorage({ database: fromPool(pool) })
  const row = aStoredRow('transactions')
  await commit(storage, put('transactions', row))
  expect(await commit(storage, put('transactions', { ...row, version: 7 }))).toBe('conflict')
  expect(sent).toHaveLength(2)
})

test('sends nothing for a commit without changes or a query that asks nothing', async () => {
  const { pool, sent } = recordingPool(database.pool())
  const storage = postgresStorage({ database: fromPool(pool) })
  await commit(storage)
  await storage.load({})
  expect(sent).toHaveLength(0)
})

test('sends statements without a name where prepared statements are turned off', async () => {
  const { pool, sent } = recordingPool(database.pool())
  const storage = postgresStorage({ database: fromPool(pool, { preparedStatements: false }) })
  await storage.load({ payment: one('transactions', { id: 'tx_1' }) })
  expect(sent[0]).not.toHaveProperty('name')
})

test('keeps two storages on one pool apart', async () => {
  const pool = database.pool({ max: 1 })
  const [first, second] = [postgresStorage({ database: fromPool(pool) }), postgresStorage({ database: fromPool(pool) })]
  const [payment, refund] = [aStoredRow('transactions'), aStoredRow('refunds')]
  await commit(first, put('transactions', payment), put('refunds', refund))
  const [paymentId, refundId] = [payment.id, refund.id]
  // One that has prepared a statement must not have the other send its name for another question.
  expect(await first.load({ row: one('transactions', { id: paymentId }) })).toMatchObject({ row: { id: paymentId } })
  expect(await second.load({ row: one('refunds', { id: refundId }) })).toMatchObject({ row: { id: refundId } })
  expect(await second.load({ row: one('transactions', { id: paymentId }) })).toMatchObject({ row: { id: paymentId } })
})
