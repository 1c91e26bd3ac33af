import { UnavailableError } from '@florin/core'
import { type DialectAdapter, Kysely, sql } from 'kysely'
import { type Migration, type MigrationResultSet, Migrator } from 'kysely/migration'
import type { Database } from './database.ts'
import { isServerError } from './errors.ts'
import { migrations } from './migrations/index.ts'

/** A migration, and when it was applied; null where it is still to come. */
export interface MigrationState {
  readonly name: string
  readonly appliedAt: string | null
}

/**
 * Brings the tables up to what this version of the package needs, and answers the names of what was applied.
 *
 * All of it is one transaction, so a migration that fails leaves nothing behind; its error is thrown. Any number of
 * processes may start this at once: one of them migrates, the others wait for it and find nothing to do. A table that
 * others hold is waited for two seconds at a time, so that those who come after are not held up for long.
 *
 * Tables that a newer release has migrated stay as they are: an older one runs beside it over them.
 *
 * @throws `unavailable` storage_unavailable, `not_applied`, where a table was still held after a minute
 */
export const migrateToLatest = (database: Database, patience?: Patience): Promise<readonly string[]> =>
  run(
    database,
    // Kysely refuses tables that know a migration of a newer release; where nothing is to come, it has nothing to be asked.
    async (migrator, transaction) => ((await isUpToDate(transaction)) ? {} : migrator.migrateToLatest()),
    patience,
  )

/** Brings the tables up, or takes them back, to what they were after a migration. For tests of what comes after it. */
export const migrateTo = (database: Database, name: string): Promise<readonly string[]> =>
  run(database, (migrator) => migrator.migrateTo(name))

/** Takes back the newest migration that was applied, and what is in its tables with it. Answers its name, if any. */
export const migrateDown = (database: Database): Promise<readonly string[]> =>
  run(database, (migrator) => migrator.migrateDown())

/** All migrations in their order, the ones to come included. Changes nothing. */
export async function migrationStatus(database: Database): Promise<readonly MigrationState[]> {
  const states = await migratorOf(kyselyOf(database)).getMigrations()
  return states.map(({ name, executedAt }) => ({ name, appliedAt: executedAt?.toISOString() ?? null }))
}

async function isUpToDate(transaction: Kysely<unknown>): Promise<boolean> {
  const { rows: found } = await sql<{ there: boolean }>`
    select to_regclass('florin_migrations') is not null as there`.execute(transaction)
  if (found[0]?.there !== true) return false
  const { rows } = await sql<{ name: string }>`select name::text from florin_migrations`.execute(transaction)
  return toCome(rows.map(({ name }) => name)).length === 0
}

function toCome(applied: readonly unknown[]): readonly string[] {
  const names = new Set(applied)
  return Object.keys(migrations).filter((name) => !names.has(name))
}

/** The names of the migrations to come, by one cheap statement, as health checks want it. Changes nothing. */
export async function pendingMigrations(database: Database): Promise<readonly string[]> {
  const applied = await database.run(appliedStatement, []).catch((error: unknown) => {
    if (isServerError(error) && error.code === UNDEFINED_TABLE) return []
    throw error
  })
  return toCome(applied.map(([name]) => name))
}

const UNDEFINED_TABLE = '42P01'
const appliedStatement = { name: 'florin_applied', text: 'select name::text from florin_migrations' }

// Any number will do, as long as every version of this package uses the same.
const migrationLock = 4_062_309_107

/** How long a migration waits for a table that others hold. */
interface Patience {
  readonly lockTimeoutMs: number
  readonly attempts: number
}

/** Whoever waits for a table holds up all that come after it: rather a short wait, many times. */
const forAMinute: Patience = { lockTimeoutMs: 2000, attempts: 20 }
const PAUSE_MS = 1000
const LOCK_NOT_AVAILABLE = '55P03'

type Migrate = (migrator: Migrator, transaction: Kysely<unknown>) => Promise<MigrationResultSet>

async function run(
  database: Database,
  migrate: Migrate,
  { lockTimeoutMs, attempts } = forAMinute,
): Promise<readonly string[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(database, migrate, lockTimeoutMs)
    } catch (error) {
      if (!isServerError(error) || error.code !== LOCK_NOT_AVAILABLE) throw error
      if (attempt === attempts) {
        const message = 'a migration needs a table that others hold for long; nothing was changed, so try again later'
        throw new UnavailableError('storage_unavailable', message, 'not_applied', { cause: error })
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
}

function runOnce(database: Database, migrate: Migrate, lockTimeoutMs: number): Promise<readonly string[]> {
  return kyselyOf(database)
    .transaction()
    .execute(async (transaction) => {
      // A role that ends its statements after some seconds would never get a long migration done.
      await sql`select set_config('statement_timeout', '0', true)`.execute(transaction)
      await sql`select pg_advisory_xact_lock(${sql.lit(migrationLock)})`.execute(transaction)
      // Only now: another process that migrates is waited for as long as it takes.
      await sql`select set_config('lock_timeout', ${sql.lit(String(lockTimeoutMs))}, true)`.execute(transaction)
      const { error, results = [] } = await migrate(migratorOf(transaction), transaction)
      if (error !== undefined) throw error
      return results.map(({ migrationName }) => migrationName)
    })
}

/** Not destroyed after use: that would end the caller's pool. */
function kyselyOf(database: Database): Kysely<unknown> {
  const dialect = database.dialect()
  return new Kysely<unknown>({
    dialect: {
      createDriver: () => dialect.createDriver(),
      createQueryCompiler: () => dialect.createQueryCompiler(),
      createIntrospector: (kysely) => dialect.createIntrospector(kysely),
      createAdapter: () => withoutSessionLock(dialect.createAdapter()),
    },
  })
}

/**
 * Kysely locks for the session, which a pooler in transaction mode would leave behind on somebody else's connection, and
 * it unlocks before the commit. The lock of the transaction, taken in `run`, has neither fault.
 */
const withoutSessionLock = ({ supportsMultipleConnections = true }: DialectAdapter): DialectAdapter => ({
  supportsCreateIfNotExists: true,
  supportsMultipleConnections,
  supportsTransactionalDdl: true,
  supportsReturning: true,
  supportsOutput: false,
  acquireMigrationLock: async () => {},
  releaseMigrationLock: async () => {},
})

const migratorOf = (db: Kysely<unknown>): Migrator =>
  new Migrator({
    db,
    provider: { getMigrations: async (): Promise<Record<string, Migration>> => ({ ...migrations }) },
    migrationTableName: 'florin_migrations',
    migrationLockTableName: 'florin_migrations_lock',
  })
