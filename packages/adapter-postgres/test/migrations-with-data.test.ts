import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { aStoredRow, read, tableNames } from '@florin/core/testing'
import { Kysely, sql } from 'kysely'
import type { Pool } from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { type Database, fromPool, migrateDown, migrateToLatest, postgresStorage } from '../src/index.ts'
import { migrateTo } from '../src/migrate.ts'
import { migrations } from '../src/migrations/index.ts'
import { tables } from '../src/tables.ts'
import { encodeRow } from '../src/values.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'

const names = Object.keys(migrations)

/** What a migration does to rows on purpose; everything else must be as it was. */
const meant: Readonly<Record<string, readonly string[]>> = {
  '0006-data-keys': ['payment_methods.due_at', 'transactions.due_at'],
}

const opened: FreshDatabase[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

async function empty(): Promise<Pool> {
  const database = await freshDatabase({ migrated: false })
  opened.push(database)
  return database.pool()
}

/** The columns of every table as they are now, each with its type. */
async function columnsOf(pool: Pool): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const { rows } = await pool.query(
    "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'",
  )
  const found = new Map<string, Map<string, string>>()
  for (const { table_name: table, column_name: column, data_type: type } of rows) {
    found.set(table, (found.get(table) ?? new Map()).set(column, type))
  }
  return found
}

/** Writes one row into every table that is there, as far as its columns are. */
async function fill(pool: Pool): Promise<readonly { table: (typeof tableNames)[number]; row: { id: string } }[]> {
  const columns = await columnsOf(pool)
  const written = []
  for (const table of tableNames.filter((name) => columns.has(name))) {
    const row = { ...aStoredRow(table), version: 1 }
    const { text, bytes } = encodeRow(table, row, 'commit')
    const ofBytes = tables[table].filter(({ type }) => type === 'bytea')
    const hex = ofBytes.map(({ name }, index) => [
      name,
      bytes[index] && `\\x${Buffer.from(bytes[index]).toString('hex')}`,
    ])
    const encoded: object = { ...JSON.parse(text), ...Object.fromEntries(hex) }
    const cells = Object.keys(encoded).filter((name) => columns.get(table)?.has(name))
    await pool.query(
      `insert into ${table} (${cells}) select ${cells} from json_populate_record(null::${table}, $1::json)`,
      [JSON.stringify(encoded)],
    )
    written.push({ table, row })
  }
  return written
}

const cellsOf = async (pool: Pool, table: string, id: string): Promise<Record<string, unknown>> =>
  (await pool.query(`select to_json(t) as row from ${table} as t where id = $1`, [id])).rows[0]?.row

describe.each(names)('after %s', (name) => {
  const later = names.slice(names.indexOf(name) + 1)

  test('rows that are there live through all later migrations, and back', { timeout: 120_000 }, async () => {
    const pool = await empty()
    const database = fromPool(pool)
    await migrateTo(database, name)
    const before = await columnsOf(pool)
    const written = await fill(pool)
    const first = new Map<object, Record<string, unknown>>()
    for (const one of written) first.set(one, await cellsOf(pool, one.table, one.row.id))

    expect(await migrateToLatest(database)).toStrictEqual(later)
    const after = await columnsOf(pool)
    const changed = later.flatMap((migration) => meant[migration] ?? [])
    const storage = postgresStorage({ database })
    for (const { table, row } of written) {
      const found = await read(storage, table, row.id)
      const kept = tables[table].filter(
        ({ name: column }) =>
          before.get(table)?.get(column) === after.get(table)?.get(column) && !changed.includes(`${table}.${column}`),
      )
      const only = (cells: object | undefined) =>
        Object.fromEntries(Object.entries(cells ?? {}).filter(([key]) => kept.some(({ property }) => property === key)))
      expect(only(found), `${table} after ${name}`).toStrictEqual(only(row))
      expect(kept.length).toBeGreaterThan(3)
    }

    for (const migration of [...later].reverse()) expect(await migrateDown(database)).toStrictEqual([migration])
    for (const one of written) {
      const cells = await cellsOf(pool, one.table, one.row.id)
      const lost = Object.entries(first.get(one) ?? {}).filter(
        ([column, value]) =>
          JSON.stringify(cells?.[column]) !== JSON.stringify(value) &&
          before.get(one.table)?.get(column) === after.get(one.table)?.get(column) &&
          !changed.includes(`${one.table}.${column}`),
      )
      expect(lost, `${one.table} after all was taken back to ${name}`).toStrictEqual([])
    }
    expect(await migrateToLatest(database)).toStrictEqual(later)
  })

  test('its comment names every table that it locks, and says which it rewrites', async () => {
    const pool = await empty()
    const earlier = names[names.indexOf(name) - 1]
    if (earlier !== undefined) await migrateTo(fromPool(pool), earlier)
    await fill(pool)
    const { locked, rewritten } = await effectOf(name, fromPool(pool))
    const comment = locksIn(name)
    for (const table of locked) expect(comment, `${name} locks ${table}`).toContain(`\`${table}\``)
    if (locked.length === 0) expect(comment).toMatch(/^none/)
    if (rewritten.length > 0) expect(comment, `${name} rewrites ${rewritten}`).toMatch(/rewrit/)
  })
})

test('a table that is in use is waited for a little at a time, and nobody behind waits for long', async () => {
  const pool = await empty()
  const database = fromPool(pool)
  await migrateTo(database, '0004-records')
  const reader = await pool.connect()
  await reader.query('begin')
  await reader.query('select * from transactions')
  const patience = { lockTimeoutMs: 200, attempts: 2 }
  await expect(migrateToLatest(database, patience)).rejects.toMatchObject({
    code: 'storage_unavailable',
    outcome: 'not_applied',
  })
  const migrating = migrateToLatest(database, { lockTimeoutMs: 500, attempts: 100 })
  const isWaiting = async () =>
    (await pool.query("select 1 from pg_locks where not granted and relation = 'transactions'::regclass")).rowCount
  await expect.poll(isWaiting, { timeout: 20_000 }).toBe(1)
  // It stands behind the migration, which stands behind the first reader, who never ends.
  await pool.query('select * from transactions')
  await reader.query('commit')
  reader.release()
  expect(await migrating).toStrictEqual(names.slice(names.indexOf('0004-records') + 1))
})

interface Relation {
  readonly oid: number
  readonly name: string
  readonly file: number
}

/** Which of the tables that were there a migration locks against reading or writing, and which it writes anew. */
async function effectOf(name: string, database: Database) {
  const relations = sql<Relation>`select oid::int, relname::text as name, relfilenode::int as file from pg_class
    where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace and relname not like 'florin%'`
  const locks = sql<{ oid: number }>`select relation::int as oid from pg_locks where pid = pg_backend_pid() and mode in
    ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`
  const db = new Kysely<unknown>({ dialect: database.dialect() })
  return db.connection().execute(async (connection) => {
    await sql`begin`.execute(connection)
    try {
      const before = (await relations.execute(connection)).rows
      await migrations[name]?.up(connection)
      const after = (await relations.execute(connection)).rows
      const held = (await locks.execute(connection)).rows
      const names = (chosen: readonly Relation[]) => chosen.map((relation) => relation.name)
      return {
        locked: names(before.filter(({ oid }) => held.some((lock) => lock.oid === oid))),
        rewritten: names(before.filter(({ oid, file }) => after.some((now) => now.oid === oid && now.file !== file))),
      }
    } finally {
      await sql`rollback`.execute(connection)
    }
  })
}

/** What the comment of a migration says of its locks. */
function locksIn(name: string): string {
  const text = readFileSync(join(import.meta.dirname, `../src/migrations/${name}.ts`), 'utf8')
  const [, told = ''] = /Locks: ([\s\S]*?)\*\//.exec(text) ?? []
  return told.replaceAll(/\s*\n \*\s*/g, ' ').trim()
}
