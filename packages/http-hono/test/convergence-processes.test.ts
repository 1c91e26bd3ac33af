import { fromPool, postgresStorage } from '@florin/adapter-postgres'
import { createStripeSandbox, serveSandbox } from '@florin/stripe-sandbox'
import { Pool } from 'pg'
import { afterAll, beforeAll, it } from 'vitest'
import { everyLifeConverges, type OpenStage, rangeOf, stageSettings } from '../../core/test/converging.ts'
import { startRemoteReplica } from './remote-replica.ts'
import { openDatabases } from './replicas.ts'

const secret = 'whsec_processes'

let databases: Awaited<ReturnType<typeof openDatabases>>
beforeAll(async () => {
  databases = await openDatabases()
}, 60_000)
afterAll(() => databases.close(), 60_000)

/** Two replicas in processes of their own over one database, with Stripe over HTTP. Webhooks go to either, by turns. */
async function openProcesses(): Promise<OpenStage> {
  const { url, drop } = await databases.open()
  let deliveries = 0
  const sandbox = createStripeSandbox({
    webhookEndpoints: [{ url: 'http://florin.test/webhooks', secret }],
    send: async (_, body, headers) => {
      deliveries += 1
      const { florin } = deliveries % 2 === 0 ? first : second
      try {
        await florin.webhooks.receive(body, headers['Stripe-Signature'] ?? headers['stripe-signature'])
        return { status: 200 }
      } catch {
        return { status: 500 }
      }
    },
  })
  const served = await serveSandbox(sandbox, { port: 0 })
  const env = {
    DATABASE_URL: url,
    STRIPE_API_BASE: served.url,
    WEBHOOK_SECRET: secret,
    SETTINGS: JSON.stringify(stageSettings),
  }
  const start = () => startRemoteReplica({ env, now: () => sandbox.clock.nowMs() })
  const [first, second] = [start(), start()]
  const pool = new Pool({ connectionString: url, max: 2 })
  // Its connections are cut when the database is dropped.
  pool.on('error', () => undefined)
  return {
    ...{ sandbox, florins: [first.florin, second.florin], storage: postgresStorage({ database: fromPool(pool) }) },
    async close() {
      await Promise.all([first.close(), second.close(), served.close(), pool.end()])
      drop()
    },
  }
}

const range = rangeOf(5)

it('two processes on one PostgreSQL end in the state that Stripe has, with one event for each final fact', {
  timeout: 3_600_000,
}, async () => {
  const happened = await everyLifeConverges(openProcesses, range)
  console.log(`${range.schedules} schedules in two processes converged:`, Object.fromEntries(happened))
})
