import type { Pool } from 'pg'
import { expect } from 'vitest'
import type { FreshDatabase } from './fresh-database.ts'

/** Starts the work while the rows are held by another transaction, and lets go once all of it waits in Postgres. */
export async function whileHeld<T>(
  database: FreshDatabase,
  table: string,
  ids: readonly string[],
  waiters: number,
  start: () => Promise<T>,
): Promise<T> {
  const holder = await database.pool({ max: 1 }).connect()
  await holder.query('begin')
  await holder.query(`select 1 from ${table} where id = any ($1) order by id for update`, [ids])
  const work = start()
  await untilWaiting(database, waiters)
  await holder.query('commit')
  holder.release()
  return work
}

/** Waits until so many statements wait for a lock in the database. */
export async function untilWaiting(database: FreshDatabase, statements: number): Promise<void> {
  const pool = database.pool({ max: 1 })
  const held = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
  const waiting = async () => (await pool.query(held)).rows.length
  await expect.poll(waiting, { timeout: 10_000, interval: 5 }).toBeGreaterThanOrEqual(statements)
  await pool.end()
}

/** Holds a row until it is told to let go. */
export async function holdRow(pool: Pool, table: string, id: string): Promise<() => Promise<void>> {
  const holder = await pool.connect()
  await holder.query('begin')
  await holder.query(`select 1 from ${table} where id = $1 for update`, [id])
  return async () => {
    await holder.query('rollback')
    holder.release()
  }
}
