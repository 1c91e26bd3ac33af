import { createHash } from 'node:crypto'
import { fromPool, migrateToLatest, postgresRetention, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin, type Florin } from '@florin/core'
import { memoryCallBudget } from '@florin/core/memory'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { Pool } from 'pg'

/** What the host keeps apart from its code. */
export interface Secrets {
  readonly databaseUrl: string
  readonly stripeSecretKey: string
  readonly webhookSecret: string
  /** 32 random bytes in base64 (`openssl rand -base64 32`). Keep it: without it, nothing private that is stored opens. */
  readonly encryptionKey: string
}

/**
 * Florin over PostgreSQL and Stripe itself, and how its connections are closed. Throws where the keys are of another
 * account than the database, and where PostgreSQL or Stripe does not answer: start again later.
 */
export async function openFlorin(
  secrets: Secrets,
  // For tests only: a sandbox in place of Stripe.
  send?: typeof fetch,
): Promise<{ florin: Florin; close(): Promise<void> }> {
  const pool = new Pool({ connectionString: secrets.databaseUrl, connectionTimeoutMillis: 5000, query_timeout: 15_000 })
  // An idle connection that breaks would end the process if nobody listened. The next query opens another one.
  pool.on('error', (error) => console.error('a connection to PostgreSQL broke:', error.message))
  const database = fromPool(pool)
  await migrateToLatest(database)

  // What Stripe allows an account. Several processes share it by `redisCallBudget`, or are given a part each.
  const callBudget = memoryCallBudget({ perSecond: 100, perEndpointPerSecond: 25 })
  const bytes = Buffer.from(secrets.encryptionKey, 'base64')
  // As the `florin` command names keys, so that it opens what this host sealed.
  const id = createHash('sha256').update(bytes).digest('hex').slice(0, 8)
  const florin = createFlorin({
    storage: postgresStorage({ database }),
    retention: postgresRetention({ database }),
    gateway: stripeGateway({
      stripe: stripeClient({ secretKey: secrets.stripeSecretKey, fetch: send }),
      webhookSecrets: [secrets.webhookSecret],
      callBudget,
    }),
    callBudget,
    cipher: nodeCipher({ current: { id, bytes } }),
    // Two equal payments without a key are two payments: a retry would pay twice. So each has to name what it is for.
    settings: { requireIdempotencyKey: true },
  })
  // Before anything is served: with the keys of another account all that is stored would seem to be missing.
  const binding = await florin.maintenance.bindAccount()
  if (!binding.isOurs) {
    await pool.end()
    throw new Error(`the database belongs to Stripe's account ${binding.stored.id}, these keys do not`)
  }
  return { florin, close: () => pool.end() }
}
