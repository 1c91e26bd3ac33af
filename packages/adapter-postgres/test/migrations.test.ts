import { PGlite } from '@electric-sql/pglite'
import { Pool } from 'pg'
import { afterEach, expect, test } from 'vitest'
import {
  type Database,
  fromPglite,
  fromPool,
  migrateDown,
  migrateToLatest,
  migrationStatus,
  pendingMigrations,
} from '../src/index.ts'
import { migrations } from '../src/migrations/index.ts'
import { tables } from '../src/tables.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'
import { untilWaiting } from './while-held.ts'

const opened: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

async function empty(): Promise<FreshDatabase> {
  const database = await freshDatabase({ migrated: false })
  opened.push(database)
  return database
}

const names = Object.keys(migrations)

const describeTables = (database: Database) =>
  database.run(
    {
      name: 'tables',
      text: `select table_name::text, column_name::text, data_type::text, is_nullable::text
             from information_schema.columns where table_schema = 'public' and table_name not like 'florin%'
             union all select indexname::text, indexdef, '', '' from pg_indexes where schemaname = 'public'
             and tablename not like 'florin%'
             union all select proname::text, prosrc, '', '' from pg_proc where proname like 'florin%'
             union all select conname::text, pg_get_constraintdef(oid), '', '' from pg_constraint
             where conrelid::regclass::text = any (array[${Object.keys(tables)
               .map((table) => `'${table}'`)
               .join(', ')}])
             union all select tgname::text, pg_get_triggerdef(oid), '', '' from pg_trigger where not tgisinternal
             order by 1, 2`,
    },
    [],
  )

test('applies all migrations, tells which, and finds nothing to do the next time', async () => {
  const database = fromPool((await empty()).pool())
  expect((await migrationStatus(database)).map(({ appliedAt }) => appliedAt)).toStrictEqual(names.map(() => null))
  expect(await migrateToLatest(database)).toStrictEqual(names)
  expect(await migrateToLatest(database)).toStrictEqual([])
  const states = await migrationStatus(database)
  expect(states.map(({ name }) => name)).toStrictEqual(names)
  expect(states.every(({ appliedAt }) => appliedAt !== null && Date.parse(appliedAt) > 0)).toBe(true)
})

test('names what is to come by one statement, also in an empty database', async () => {
  const pool = (await empty()).pool()
  const database = fromPool(pool)
  expect(await pendingMigrations(database)).toStrictEqual(names)
  await migrateToLatest(database)
  expect(await pendingMigrations(database)).toStrictEqual([])
  await migrateDown(database)
  expect(await pendingMigrations(database)).toStrictEqual(names.slice(-1))
  // A newer release has been here: nothing is missing for this one.
  await pool.query("insert into florin_migrations (name, timestamp) values ('9999-later', '')")
  expect(await pendingMigrations(database)).toStrictEqual(names.slice(-1))
})

test('goes down one step at a time to nothing, and up again to the same tables', async () => {
  const database = fromPool((await empty()).pool())
  await migrateToLatest(database)
  const first = await describeTables(database)
  expect(first.length).toBeGreaterThan(150)
  for (const name of [...names].reverse()) expect(await migrateDown(database)).toStrictEqual([name])
  expect(await migrateDown(database)).toStrictEqual([])
  expect(await describeTables(database)).toStrictEqual([])
  await migrateToLatest(database)
  expect(await describeTables(database)).toStrictEqual(first)
})

test('makes the columns that the tables declare, with their types, on Postgres and PGlite', async () => {
  const pglite = await PGlite.create()
  opened.push(pglite)
  for (const database of [fromPool((await empty()).pool()), fromPglite(pglite)]) {
    await migrateToLatest(database)
    const found = await database.run(
      {
        name: 'columns',
        text: `select table_name::text, column_name::text, udt_name::text from information_schema.columns
               where table_schema = 'public' and table_name not like 'florin%'
               and not (select relispartition from pg_class where oid = table_name::regclass)
               -- What seals the audit log is no part of the storage.
               and table_name not in ('audit_seals', 'audit_checkpoints') and column_name <> 'xact'`,
      },
      [],
    )
    const types: Readonly<Record<string, string>> = { bigint: 'int8', boolean: 'bool' }
    const declared = Object.entries(tables).flatMap(([table, columns]) => [
      [table, 'commit_id', 'text'],
      ...columns.map(({ name, type }) => [table, name, types[type] ?? type]),
    ])
    expect(found.map(String).sort()).toStrictEqual(declared.map(String).sort())
  }
})

test('lets four processes migrate at once: one does it, the others wait and find it done', async () => {
  const database = await empty()
  const runs = Array.from({ length: 4 }, () => migrateToLatest(fromPool(database.pool())))
  const results = await Promise.all(runs)
  expect(results.map((applied) => applied.length).sort()).toStrictEqual([0, 0, 0, names.length])
})

test('holds a second process back until the first one has committed', async () => {
  const database = await empty()
  const other = database.pool({ max: 1 })
  const client = await other.connect()
  await client.query('begin')
  await client.query('select pg_advisory_xact_lock(4062309107)')
  let done = false
  const waiting = migrateToLatest(fromPool(database.pool())).then((applied) => {
    done = true
    return applied
  })
  await untilWaiting(database, 1)
  expect(done).toBe(false)
  await client.query('commit')
  client.release()
  expect(await waiting).toStrictEqual(names)
})

test('throws the error of a migration that fails, and leaves nothing of any', async () => {
  const fresh = await empty()
  const pool = fresh.pool()
  await pool.query('create table invoices (mine text)')
  const database = fromPool(pool)
  await expect(migrateToLatest(database)).rejects.toMatchObject({ code: '42P07' })
  const { rows } = await pool.query("select table_name from information_schema.tables where table_schema = 'public'")
  expect(rows).toStrictEqual([{ table_name: 'invoices' }])
  await pool.query('drop table invoices')
  expect(await migrateToLatest(database)).toStrictEqual(names)
})

test('throws when Postgres is not there', async () => {
  const pool = new Pool({ host: '127.0.0.1', port: 1 })
  opened.push({ close: () => pool.end() })
  await expect(migrateToLatest(fromPool(pool))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('leaves no lock and no open pool behind', async () => {
  const pool = (await empty()).pool()
  await migrateToLatest(fromPool(pool))
  const { rows } = await pool.query(
    "select count(*)::int as locks from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
  )
  expect(rows[0]).toStrictEqual({ locks: 0 })
})

test('finds nothing to do over tables that a newer release has migrated, and leaves them', async () => {
  const pool = (await empty()).pool({ max: 2 })
  const database = fromPool(pool)
  await migrateToLatest(database)
  await pool.query("insert into florin_migrations (name, timestamp) values ('9999-of-a-newer-release', '2027-01-01')")
  expect(await pendingMigrations(database)).toStrictEqual([])
  expect(await migrateToLatest(database)).toStrictEqual([])
  expect((await migrationStatus(database)).map(({ name }) => name)).toStrictEqual(names)
})

test('is not cut short where the role ends its statements after a while', async () => {
  const database = await empty()
  const holder = await database.pool({ max: 1 }).connect()
  await holder.query('begin')
  await holder.query('select pg_advisory_xact_lock(4062309107)')
  const migrating = migrateToLatest(fromPool(database.pool({ max: 1, options: '-c statement_timeout=100' })))
  const waitedLong = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    and clock_timestamp() > query_start + interval '300 ms'`
  const ended = migrating.then(
    () => true,
    () => true,
  )
  const turn = () => Promise.race([ended, new Promise<false>((resolve) => setTimeout(resolve, 10, false))])
  const watcher = database.pool({ max: 1 })
  while ((await watcher.query(waitedLong)).rowCount === 0 && !(await turn()));
  await holder.query('rollback')
  holder.release()
  expect(await migrating).toStrictEqual(names)
})
