import {
  type AuditSealer,
  auditKey,
  auditSealer,
  type Database,
  fromPool,
  pendingMigrations,
  postgresRetention,
  postgresStorage,
} from '@florin/adapter-postgres'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { Pool, type PoolConfig } from 'pg'
import { Gauge } from 'prom-client'
import { type Authenticator, jwksAuthenticator, jwtAuthenticator } from '../auth.ts'
import type { Logger } from '../logger.ts'
import { createMetrics, type Metrics } from '../metrics.ts'
import { accountGuard } from './account-guard.ts'
import { openCallBudget } from './call-budget.ts'
import { CommandError } from './command-error.ts'
import { composeApp, limitersOf, rulesOf } from './compose-app.ts'
import { ConfigError } from './config.ts'
import { postgresTls, withoutTls13 } from './connection-tls.ts'
import type { Fetch } from './listen.ts'
import { measureBacklog } from './measure-backlog.ts'
import { openRedis, redisLimiter } from './open-redis.ts'
import { openTracing } from './open-tracing.ts'
import type { Config, VariableName } from './variables.ts'

/** A server that is ready to be served. */
export interface ComposedServer {
  readonly fetch: Fetch
  /** Resolves where the keys turn out to be another account's, which Stripe did not tell at the start. */
  readonly refused: Promise<CommandError>
  /** Begins the work that goes on without requests. */
  start(): void
  /** Begins no more of that work, and makes `/health/ready` say that nothing more should be sent here. */
  stopping(): void
  /** Waits for the work that is running to end, and closes all clients. */
  close(): Promise<void>
}

/**
 * Opens everything that a configured server runs on, and closes it. For the sandbox `compose-sandbox.ts` does so, for
 * commands `with-florin.ts`; what needs the database alone (migrate, audit, prune) or looks at each by itself (doctor)
 * opens its own pool with {@link openDatabase}.
 *
 * @throws CommandError when PostgreSQL does not answer, its tables are not those of this version, or the keys are those
 *   of another account than its rows
 */
export async function composeServer(config: Config, logger: Logger): Promise<ComposedServer> {
  const metrics = createMetrics()
  const database = openDatabase(config, logger)
  const isShared = config.RATE_LIMIT_PER_MINUTE > 0 || config.STRIPE_RATE_LIMIT_PER_SECOND !== 0
  const redis = isShared ? await openRedis(config, logger) : undefined
  const replica = openReplica(config, logger)
  const close = async (): Promise<void> => {
    redis?.disconnect()
    await Promise.all([database.close(), replica?.close()])
  }
  try {
    await checkMigrations(database, config)
    measurePool(database.pool, metrics)
    measureBacklog(database.database, metrics, Date.now, logger)
    let isStopping = false
    const secretKey = given(config, 'STRIPE_SECRET_KEY')
    const callBudget = redis && openCallBudget({ ...config, STRIPE_SECRET_KEY: secretKey }, redis, logger)
    const { fetch, background, florin } = composeApp({
      ...{ config, logger, metrics, auth: authenticatorOf(config), tracing: await openTracing() },
      storage: postgresStorage({ database: database.database }),
      readStorage: replica && postgresStorage({ database: replica.database }),
      retention: postgresRetention({ database: database.database }),
      cipher: nodeCipher({ current: given(config, 'ENCRYPTION_KEY'), retired: config.ENCRYPTION_KEYS_RETIRED }),
      gateway: stripeGateway({
        stripe: stripeClient({ secretKey, apiBase: config.STRIPE_API_BASE }),
        webhookSecrets: given(config, 'STRIPE_WEBHOOK_SECRET'),
        installation: config.FLORIN_INSTALLATION,
        callBudget,
      }),
      callBudget,
      reconcileEveryMs: config.RECONCILE_EVERY ?? RECONCILE_EVERY_MS,
      auditSealer: sealerOf(config, database.database, logger),
      settings: { requireIdempotencyKey: true, ...rulesOf(config) },
      health: {
        isStopping: () => isStopping,
        checks: {
          postgres: { check: () => database.database.run(ping, []), goodForMs: 1000 },
          migrations: { check: () => checkMigrations(database, config), goodForMs: 5000 },
          ...(redis && { redis: { check: () => redis.ping(), optional: true, timeout: 500 } }),
        },
      },
      limiters: redis && limitersOf(config, (limit) => redisLimiter(redis, logger, limit)),
    })
    const guard = accountGuard(florin.maintenance.bindAccount, logger)
    await guard.check()
    const stopping = (): void => {
      isStopping = true
      void background.stop()
    }
    const { refused } = guard
    return { fetch, refused, stopping, start: background.start, close: () => background.stop().finally(close) }
  } catch (error) {
    await close()
    throw error
  }
}

function sealerOf({ AUDIT_KEY }: Config, database: Database, logger: Logger): AuditSealer | undefined {
  if (AUDIT_KEY) return auditSealer({ database, key: auditKey(AUDIT_KEY.bytes) })
  logger.warn({ setting: 'AUDIT_KEY' }, 'AUDIT_KEY is not set: the audit log is written, and not sealed')
  return undefined
}

const ping = { name: 'florin_health', text: 'select 1' }

/** How often a server reads the events that no webhook told of, where `RECONCILE_EVERY` does not say. */
export const RECONCILE_EVERY_MS = 10 * 60_000

/** The value of a variable that the command requires, so that it was checked to be there. */
function given<Name extends VariableName>(config: Config, name: Name): NonNullable<Config[Name]> {
  const value = config[name]
  if (value === undefined || value === null) throw new ConfigError([{ name, message: 'is not set' }])
  return value
}

function authenticatorOf(config: Config): Authenticator {
  const { JWT_JWKS_URL: url, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = config
  const claims = { ...(issuer !== undefined && { issuer }), ...(audience !== undefined && { audience }) }
  return url === undefined
    ? jwtAuthenticator({ secret: given(config, 'JWT_SECRET'), ...claims })
    : jwksAuthenticator({ url, algorithms: config.JWT_ALGORITHMS, ...claims })
}

/** A pool of connections, as Florin uses it. */
export interface OpenDatabase {
  readonly pool: Pool
  readonly database: ReturnType<typeof fromPool>
  close(): Promise<void>
}

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
    query_timeout: 15_000,
    keepAlive: true,
    ...options,
  })
  // Without a listener an idle connection that breaks would end the process.
  pool.on('error', (error) => logger.warn({ err: error }, 'an idle connection to PostgreSQL broke'))
  const database = fromPool(pool, { preparedStatements: config.DB_PREPARED_STATEMENTS })
  return { pool, database, close: () => pool.end() }
}

/** Nobody waits long for a replica: the primary knows all of it. */
function openReplica(config: Config, logger: Logger): OpenDatabase | undefined {
  const url = config.DATABASE_REPLICA_URL
  const impatient = { connectionTimeoutMillis: 1000, query_timeout: 3000 }
  return url === undefined ? undefined : openDatabase({ ...config, DATABASE_URL: url }, logger, impatient)
}

/** @throws CommandError that says what to do */
async function checkMigrations({ database }: OpenDatabase, config: Config): Promise<void> {
  const missing = await pendingMigrations(database).catch((cause: unknown) => {
    const why = withoutTls13(cause, 'DB_SSL') ?? messageOf(cause)
    throw new CommandError(`PostgreSQL ${placeOf(config)} does not answer: ${why}`, { cause })
  })
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

const messageOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const first = cause instanceof AggregateError ? cause.errors[0] : cause
  return first instanceof Error ? first.message : String(first)
}

function measurePool(pool: Pool, { registry }: Metrics): void {
  new Gauge({
    name: 'postgres_pool_connections',
    help: 'Connections of the pool, and requests that wait for one',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.set({ state: 'open' }, pool.totalCount)
      this.set({ state: 'idle' }, pool.idleCount)
      this.set({ state: 'waiting' }, pool.waitingCount)
    },
  })
}
