import { aStoredRow, commit, put } from '@florin/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromPool, postgresStorage, readBacklog } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'

let fresh: FreshDatabase
beforeAll(async () => {
  fresh = await freshDatabase()
})
afterAll(() => fresh.close())

const at = new Date('2026-11-26T12:00:00Z')
const ago = (seconds: number) => new Date(at.getTime() - seconds * 1000).toISOString()

test('counts what waits, and how long the oldest of it has waited', async () => {
  const pool = fresh.pool()
  const database = fromPool(pool)
  const nothing = { openOperations: 0, oldestOperationSeconds: 0, pendingEvents: 0, oldestEventSeconds: 0 }
  const none = {
    ...{ ...nothing, deadEvents: 0, failedWebhooks: 0, oldestWebhookSeconds: 0 },
    ...{ openErasures: 0, oldestErasureSeconds: 0 },
  }
  expect(await readBacklog(database, at)).toStrictEqual(none)
  await commit(
    postgresStorage({ database }),
    put('operations', aStoredRow('operations', { status: 'open', createdAt: ago(10) })),
    put('operations', aStoredRow('operations', { status: 'open', createdAt: ago(90) })),
    put('operations', aStoredRow('operations', { status: 'done', createdAt: ago(9000) })),
    put('outbox', aStoredRow('outbox', { status: 'pending', createdAt: ago(7) })),
    put('outbox', aStoredRow('outbox', { status: 'dead', createdAt: ago(7000) })),
    // Its user was erased before anybody took it: there is nothing left to tell.
    put('outbox', aStoredRow('outbox', { status: 'dead', data: null })),
    put('webhook_events', aStoredRow('webhook_events', { status: 'failed', createdAt: ago(30) })),
    put('webhook_events', aStoredRow('webhook_events', { status: 'processed', createdAt: ago(3000) })),
    put('data_keys', aStoredRow('data_keys', { closedAt: null, destroyedAt: null, dueAt: null })),
    put('data_keys', aStoredRow('data_keys', { closedAt: ago(600), destroyedAt: null, dueAt: ago(-60) })),
    put('data_keys', aStoredRow('data_keys', { closedAt: ago(50), destroyedAt: null, dueAt: ago(20) })),
    put('data_keys', aStoredRow('data_keys', { closedAt: ago(900), destroyedAt: ago(700), dueAt: null })),
  )
  expect(await readBacklog(database, at)).toStrictEqual({
    ...{ openOperations: 2, oldestOperationSeconds: 90, pendingEvents: 1, oldestEventSeconds: 7 },
    ...{ deadEvents: 1, failedWebhooks: 1, oldestWebhookSeconds: 30 },
    ...{ openErasures: 2, oldestErasureSeconds: 600 },
  })
  // A clock that runs behind the database's.
  expect(await readBacklog(database, new Date(0))).toMatchObject({ openOperations: 2, oldestOperationSeconds: 0 })
})

test('reads no table through: its cost does not grow with what is done', async () => {
  const pool = fresh.pool({ max: 1 })
  await pool.query(
    "insert into operations select ('operation_' || n), 1, now(), now(), 'c', 'k', 'done', '{}' from generate_series(1, 20000) as n",
  )
  await pool.query(
    "insert into data_keys select 'key_' || n, 1, now(), now(), 'c', 'user:' || n, true from generate_series(1, 20000) as n",
  )
  await pool.query('analyze')
  const plans: string[] = []
  await readBacklog(
    {
      ...fromPool(pool),
      async run({ text }, values) {
        const { rows } = await pool.query(`explain ${text.replaceAll('$1', `'${String(values[0])}'`)}`)
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
        return [[]]
      },
    },
    at,
  )
  expect(plans.join('\n')).not.toMatch(/Seq Scan on (operations|data_keys)/)
})
