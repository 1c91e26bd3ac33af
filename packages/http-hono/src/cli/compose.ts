import {
  type AuditSealer,
  auditKey,
  auditSealer,
  type Database,
  postgresRetention,
  postgresStorage,
} from '@florin/adapter-postgres'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import type { Pool } from 'pg'
import { Gauge } from 'prom-client'
import { type Authenticator, jwksAuthenticator, jwtAuthenticator } from '../auth.ts'
import type { Logger } from '../logger.ts'
import { createMetrics, type Metrics } from '../metrics.ts'
import { accountGuard } from './account-guard.ts'
import { openCallBudget } from './call-budget.ts'
import type { CommandError } from './command-error.ts'
import { composeApp, limitersOf, rulesOf } from './compose-app.ts'
import { given } from './config.ts'
import type { Fetch } from './listen.ts'
import { measureBacklog } from './measure-backlog.ts'
import { checkMigrations, openDatabase, openReplica } from './open-database.ts'
import { openRedis, redisLimiter } from './open-redis.ts'
import { openTracing } from './open-tracing.ts'
import type { Config } from './variables.ts'

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
 * opens its own pool (`open-database.ts`).
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
    await checkMigrations(database, config, { exitCode: 1 })
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

function authenticatorOf(config: Config): Authenticator {
  const { JWT_JWKS_URL: url, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = config
  const claims = { ...(issuer !== undefined && { issuer }), ...(audience !== undefined && { audience }) }
  return url === undefined
    ? jwtAuthenticator({ secret: given(config, 'JWT_SECRET'), ...claims })
    : jwksAuthenticator({ url, algorithms: config.JWT_ALGORITHMS, ...claims })
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
