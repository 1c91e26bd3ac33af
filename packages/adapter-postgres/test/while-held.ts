import type { Pool } from 'pg'
import type { FreshDatabase } from './fresh-database.ts'

/** Starts the work while the rows are held by another transaction, and lets go once all of it waits in Postgres. */
export async function whileHeld<T>(
  database: FreshDatabase,
  table: string,
  ids: readonly string[],
  waiters: number,
  start: () => Promise<T>,
): Promise<T> {
  const [holder, watcher] = await Promise.all([
    database.pool({ max: 1 }).connect(),
    database.pool({ max: 1 }).connect(),
  ])
  await holder.query('begin')
  await holder.query(`select 1 from ${table} where id = any ($1) order by id for update`, [ids])
  const work = start()
  for (;;) {
    const { rows } = await watcher.query(
      "select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    )
    if (rows[0].waiting >= waiters) break
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await holder.query('commit')
  holder.release()
  watcher.release()
  return work
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
