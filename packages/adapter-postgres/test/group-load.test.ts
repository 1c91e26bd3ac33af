import { due, many, next, one, page, type Query } from '@florin/core'
import { aStoredRow, commit, newId, put } from '@florin/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromPool, postgresStorage } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'
import { recordingPool } from './recording-pool.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.close())

test('answers many queries of many shapes by few statements, each what it is answered alone', async () => {
  const { pool, sent } = recordingPool(database.pool({ max: 10 }))
  const storage = postgresStorage({ database: fromPool(pool), patienceMs: 600_000 })
  const users = ['user_a', 'user_b'] as const
  const rows = users.flatMap((userId) =>
    [1, 2].map(() => ({
      payment: aStoredRow('transactions', { userId, gatewayId: `pi_${newId('tx')}` }),
      subscription: aStoredRow('subscriptions', { userId, gatewayId: `sub_${newId('tx')}` }),
    })),
  )
  for (const { payment, subscription } of rows) {
    const refunds = [1, 2].map(() => aStoredRow('refunds', { paymentId: payment.id, userId: payment.userId }))
    await commit(storage, put('transactions', payment), put('subscriptions', subscription))
    await commit(storage, ...refunds.map((refund) => put('refunds', refund)))
  }
  const queries: readonly Query[] = rows.flatMap(({ payment, subscription }) => [
    { payment: one('transactions', { id: payment.id }) },
    {
      payment: one('transactions', { gatewayId: payment.gatewayId }),
      refunds: many('refunds', { paymentId: payment.id }),
    },
    { refunds: many('refunds', { paymentId: payment.id }) },
    { it: one('subscriptions', { gatewayId: subscription.gatewayId }), none: one('customers', { id: 'cus_none' }) },
    { all: many('subscriptions', { userId: payment.userId }), unpaid: many('transactions', { gatewayId: null }) },
  ])
  // These are asked by statements of their own, beside the two for the five shapes above.
  const others: readonly Query[] = [
    { page: page('transactions', { userId: 'user_a' }, { limit: 1 }) },
    { due: due('transactions', '2099-01-01T00:00:00.000Z', 2) },
  ]
  const alone = []
  for (const query of [...queries, ...others]) alone.push(await storage.load(query))
  const found = alone.flatMap((answer) => Object.values(answer).flat()).filter((row) => row !== undefined)
  expect(found.length).toBeGreaterThan(rows.length * 5)
  sent.length = 0
  expect(await Promise.all([...queries, ...others].map((query) => storage.load(query)))).toStrictEqual(alone)
  expect(sent).toHaveLength(4)
})

test('looks through a table for several at once by one statement, each from its own place', async () => {
  const { pool, sent } = recordingPool(database.pool({ max: 10 }))
  const storage = postgresStorage({ database: fromPool(pool) })
  const rows = [1, 2, 3].map(() => aStoredRow('customers', { userId: newId('tx') }))
  await commit(storage, ...rows.map((row) => put('customers', row)))
  const [first = '', second = '', third = ''] = rows.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1))
  sent.length = 0
  const pages = await Promise.all([
    storage.load({ rows: next('customers', 1, third) }),
    storage.load({ rows: next('customers', 2, second) }),
  ])
  expect(pages.map((page) => page.rows.map(({ id }) => id))).toEqual([[second], [first]])
  expect(sent).toHaveLength(1)
})

test('answers a load while others of its line are under way for long', async () => {
  const { pool } = recordingPool(database.pool({ max: 10 }), async ({ values }) => {
    if (JSON.stringify(values).includes('tx_held')) await held
  })
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const storage = postgresStorage({ database: fromPool(pool) })
  const late = []
  for (const _ of [1, 2]) {
    late.push(storage.load({ payment: one('transactions', { id: 'tx_held' }) }))
    await new Promise((resolve) => setImmediate(resolve))
  }
  // Nothing but patience lets this one go: the others do not end before it has.
  await storage.load({ payment: one('transactions', { id: 'tx_other' }) })
  release()
  expect(await Promise.all(late)).toEqual([{ payment: undefined }, { payment: undefined }])
})
