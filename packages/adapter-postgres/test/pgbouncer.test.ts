import { aStoredRow, commit, put, read } from '@florin/core/testing'
import { Pool } from 'pg'
import { expect, test } from 'vitest'
import { fromPool, postgresStorage } from '../src/index.ts'
import { freshDatabase } from './fresh-database.ts'
import { pgbouncer, startPgBouncer } from './pgbouncer.ts'
import { holdRow } from './while-held.ts'

if (!pgbouncer) console.warn('PgBouncer is not installed: what goes through it is not tested here')

test.skipIf(!pgbouncer)(
  'works through PgBouncer in transaction mode without prepared statements, 400 commits at once',
  async () => {
    const world = await open()
    const storages = Array.from({ length: 6 }, () =>
      postgresStorage({ database: fromPool(world.pool, { preparedStatements: false }) }),
    )
    const rows = Array.from({ length: 400 }, () => aStoredRow('transactions'))
    const results = await Promise.all(
      rows.map((row, index) =>
        commit(at(storages, index), put('transactions', row), put('audit_log', aStoredRow('audit_log'))),
      ),
    )
    expect(new Set(results)).toStrictEqual(new Set(['committed']))
    const found = await Promise.all(rows.map(({ id }, index) => read(at(storages, index), 'transactions', id)))
    expect(found).toStrictEqual(rows.map((row) => ({ ...row, version: 1 })))
    await world.close()
  },
)

test.skipIf(!pgbouncer)('leaves nothing of how long it waits for a row on the connections of PgBouncer', async () => {
  const world = await open()
  const database = fromPool(world.pool, { preparedStatements: false })
  const storage = postgresStorage({ database, lockTimeoutMs: 50 })
  const row = aStoredRow('transactions')
  await commit(storage, put('transactions', row))
  const letGo = await holdRow(world.direct, 'transactions', row.id)
  const refused = commit(storage, put('transactions', { ...row, version: 1 }))
  await expect(refused).rejects.toMatchObject({ code: 'storage_unavailable', outcome: 'not_applied' })
  await letGo()
  const told = await Promise.all(Array.from({ length: 10 }, () => world.pool.query('show lock_timeout')))
  expect(told.map(({ rows }) => rows)).toStrictEqual(told.map(() => [{ lock_timeout: '0' }]))
  await world.close()
})

test.skipIf(!pgbouncer)('says what to set where PgBouncer keeps no prepared statements', async () => {
  const world = await open()
  const storages = Array.from({ length: 6 }, () => postgresStorage({ database: fromPool(world.pool) }))
  const failures = new Set<string>()
  // Which of its connections a statement meets is PgBouncer's to choose, so a few have to be sent.
  for (let round = 0; round < 20 && failures.size === 0; round += 1) {
    const asked = storages.map((storage) => read(storage, 'transactions', 'tx_none'))
    for (const answer of await Promise.allSettled(asked)) {
      if (answer.status === 'rejected') failures.add(String(answer.reason.message))
    }
  }
  expect([...failures].join()).toContain('DB_PREPARED_STATEMENTS=false')
  await world.close()
})

function at<T>(all: readonly T[], index: number): T {
  const one = all[index % all.length]
  if (one === undefined) throw new Error('there is one')
  return one
}

async function open() {
  const database = await freshDatabase()
  const bouncer = await startPgBouncer(pgbouncer ?? '', database.url)
  const pool = new Pool({ connectionString: bouncer.url, max: 10 })
  pool.on('error', () => {})
  return {
    pool,
    /** Past PgBouncer. */
    direct: database.pool({ max: 1 }),
    async close() {
      await pool.end()
      await bouncer.stop()
      await database.close()
    },
  }
}
