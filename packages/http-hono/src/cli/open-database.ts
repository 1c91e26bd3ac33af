import { fromPool, pendingMigrations } from '@florin/adapter-postgres'
import { Pool, type PoolConfig } from 'pg'
import type { Logger } from '../logger.ts'
import { CommandError, exitCodes, reasonOf } from './command-error.ts'
import { postgresTls, withoutTls13 } from './connection-tls.ts'
import type { Config } from './variables.ts'

/** A pool of connections, as Florin uses it. */
export interface OpenDatabase {
  readonly pool: Pool
  readonly database: ReturnType<typeof fromPool>
  close(): Promise<void>
}

/** How long a server waits for an answer of PostgreSQL. */
export const QUERY_TIMEOUT_MS = 15_000

/** Opens the pool that the configuration names. Nothing is contacted before the first query. */
export function openDatabase(config: Config, logger: Logger, options: PoolConfig = {}): OpenDatabase {
  const { DB_PASSWORD: password } = config
  const { connectionString, ssl } = postgresTls(config)
  const address =
    connectionString === undefined
      ? {
          ...{ host: config.DB_HOST, port: config.DB_PORT, user: config.DB_USER, database: config.DB_NAME },
          ...(password !== undefined && { password }),
        }
      : { connectionString }
  const pool = new Pool({
    ...address,
    ssl,
    max: config.DB_POOL_SIZE,
    application_name: 'florin',
    connectionTimeoutMillis: 5000,
    // Not statement_timeout: poolers in transaction mode refuse connections that ask for it.
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    ...options,
  })
  // Without a listener an idle connection that breaks would end the process.
  pool.on('error', (error) => logger.warn({ err: error }, 'an idle connection to PostgreSQL broke'))
  const database = fromPool(pool, { preparedStatements: config.DB_PREPARED_STATEMENTS })
  return { pool, database, close: () => pool.end() }
}

/** Opens the replica, if one is configured. Nobody waits long for it: the primary knows all of it. */
export function openReplica(config: Config, logger: Logger): OpenDatabase | undefined {
  const url = config.DATABASE_REPLICA_URL
  const impatient = { connectionTimeoutMillis: 1000, query_timeout: 3000 }
  return url === undefined ? undefined : openDatabase({ ...config, DATABASE_URL: url }, logger, impatient)
}

/** What the process exits with where PostgreSQL does not answer: a command is to be run again. */
interface WhereAway {
  readonly exitCode: number
}

/** The names of the migrations to come. @throws CommandError where PostgreSQL does not answer, with why */
export async function missingMigrations(
  { database }: OpenDatabase,
  config: Config,
  { exitCode }: WhereAway = { exitCode: exitCodes.tryAgain },
): Promise<readonly string[]> {
  return await pendingMigrations(database).catch((cause: unknown) => {
    const why = withoutTls13(cause, 'DB_SSL') ?? reasonOf(cause)
    throw new CommandError(`PostgreSQL ${placeOf(config)} does not answer: ${why}`, { exitCode, cause })
  })
}

/**
 * Looks whether the database answers and has the tables of this version, before anything meets one that is not there.
 *
 * @throws CommandError that says what to do
 */
export async function checkMigrations(open: OpenDatabase, config: Config, away?: WhereAway): Promise<void> {
  const missing = await missingMigrations(open, config, away)
  if (missing.length === 0) return
  throw new CommandError(
    `the database lacks ${missing.length} migrations (${missing.join(', ')}): run florin migrate up`,
  )
}

function placeOf({ DATABASE_URL: url, DB_HOST, DB_PORT, DB_NAME }: Config): string {
  if (url === undefined) return `at ${DB_HOST}:${DB_PORT}/${DB_NAME}`
  const { host, pathname } = new URL(url)
  return `at ${host}${pathname}`
}
