import { fromPool, postgresStorage } from '@florin/adapter-postgres'
import { createStripeSandbox, serveSandbox } from '@florin/stripe-sandbox'
import { Pool } from 'pg'
import { afterAll, beforeAll, inject, it } from 'vitest'
import { pgbouncer, startPgBouncer } from '../../adapter-postgres/test/pgbouncer.ts'
import { everyLifeConverges, type OpenStage, rangeOf, stageSettings } from '../../core/test/converging.ts'
import { startRemoteReplica } from './remote-replica.ts'
import { openDatabases } from './replicas.ts'

const secret = 'whsec_processes'

let databases: Awaited<ReturnType<typeof openDatabases>>
beforeAll(async () => {
  databases = await openDatabases()
}, 60_000)
afterAll(() => databases.close(), 60_000)

interface Processes {
  readonly count: number
  /** A pooler in transaction mode, through which they reach the database. */
  readonly through?: string
}

/** Replicas in processes of their own over one database, with Stripe over HTTP. Webhooks go to each, by turns. */
async function openProcesses({ count, through }: Processes): Promise<OpenStage> {
  const { url, drop } = await databases.open()
  const reached = through === undefined ? url : new URL(new URL(url).pathname, through).href
  let deliveries = 0
  const sandbox = createStripeSandbox({
    webhookEndpoints: [{ url: 'http://florin.test/webhooks', secret }],
    send: async (_, body, headers) => {
      deliveries += 1
      const taker = florins[deliveries % florins.length]
      try {
        await taker?.webhooks.receive(body, headers['Stripe-Signature'] ?? headers['stripe-signature'])
        return { status: 200 }
      } catch {
        return { status: 500 }
      }
    },
  })
  const served = await serveSandbox(sandbox, { port: 0 })
  const env = {
    DATABASE_URL: reached,
    PREPARED_STATEMENTS: String(through === undefined),
    STRIPE_API_BASE: served.url,
    WEBHOOK_SECRET: secret,
    SETTINGS: JSON.stringify(stageSettings),
  }
  const replicas = Array.from({ length: count }, () => startRemoteReplica({ env, now: () => sandbox.clock.nowMs() }))
  const florins = replicas.map(({ florin }) => florin)
  const pool = new Pool({ connectionString: url, max: 2 })
  // Its connections are cut when the database is dropped.
  pool.on('error', () => undefined)
  return {
    ...{ sandbox, florins, storage: postgresStorage({ database: fromPool(pool) }) },
    async close() {
      await Promise.all([...replicas.map((replica) => replica.close()), served.close(), pool.end()])
      drop()
    },
  }
}

const range = rangeOf(3)

it('two processes on one PostgreSQL end in the state that Stripe has, with one event for each final fact', {
  timeout: 3_600_000,
}, async () => {
  const happened = await everyLifeConverges(() => openProcesses({ count: 2 }), range)
  console.log(`${range.schedules} schedules in two processes converged:`, Object.fromEntries(happened))
})

const four = 'four processes behind one PgBouncer in transaction mode do so too'

it(pgbouncer ? four : `${four} (skipped: PgBouncer is not installed)`, {
  ...{ timeout: 3_600_000, skip: !pgbouncer },
}, async () => {
  // Fewer connections than the processes want, so that they take turns on each.
  const pooler = await startPgBouncer(pgbouncer ?? '', inject('databaseUrl'), { poolSize: 4 })
  try {
    const happened = await everyLifeConverges(() => openProcesses({ count: 4, through: pooler.url }), range)
    console.log(`${range.schedules} schedules behind PgBouncer converged:`, Object.fromEntries(happened))
  } finally {
    await pooler.stop()
  }
})
