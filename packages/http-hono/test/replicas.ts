import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fromPool, migrateToLatest, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin, type Storage, systemRuntime } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox, type StripeSandbox } from '@florin/stripe-sandbox'
import { Pool } from 'pg'
import { inject } from 'vitest'
import { type OpenStage, stageSettings } from '../../core/test/converging.ts'
import { impatient } from '../../core/test/sandboxed-florin.ts'

const secret = 'whsec_replicas'

/** Databases with Florin's tables, each made in some milliseconds from one that was migrated once. */
export async function openDatabases() {
  const admin = new Pool({ connectionString: inject('databaseUrl'), max: 3 })
  const prefix = `florin_many_${randomBytes(4).toString('hex')}`
  const urlOf = (name: string) => Object.assign(new URL(inject('databaseUrl')), { pathname: `/${name}` }).href
  const template = `${prefix}_template`
  await admin.query(`create database ${template} template template0`)
  const migrating = new Pool({ connectionString: urlOf(template), max: 1 })
  await migrateToLatest(fromPool(migrating))
  await migrating.end()
  let made = 0
  let dropping: Promise<unknown> = Promise.resolve()
  // Nobody waits for a database to be gone.
  const drop = (name: string) => {
    dropping = dropping.then(() => admin.query(`drop database ${name} with (force)`))
  }
  return {
    async open() {
      made += 1
      const name = `${prefix}_${made}`
      await admin.query(`create database ${name} template ${template}`)
      return { url: urlOf(name), drop: () => drop(name) }
    },
    async close() {
      drop(template)
      await dropping
      await admin.end()
    },
  }
}

/** Another Florin over the same database and the same Stripe, with connections of its own. */
function replica(url: string, sandbox: StripeSandbox) {
  const pool = new Pool({ connectionString: url, max: 3 })
  const connections: Promise<unknown>[] = []
  pool.on('connect', (client) => connections.push(once(client, 'end')))
  const storage: Storage = postgresStorage({ database: fromPool(pool) })
  const stripe = stripeClient({ secretKey: 'sk_test_replicas', fetch: sandbox.fetch })
  const florin = createFlorin({
    storage,
    gateway: stripeGateway({ stripe, webhookSecrets: [secret] }),
    cipher: nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32).fill(7) } }),
    runtime: { ...systemRuntime, now: () => sandbox.clock.nowMs(), wait: impatient },
    settings: stageSettings,
  })
  const close = async () => {
    await pool.end()
    // A pool has ended before its connections have.
    await Promise.all(connections)
  }
  return { florin, storage, close }
}

/** Two replicas in this process over one new database. Stripe's webhooks go to either, by turns. */
export async function openReplicas(databases: Awaited<ReturnType<typeof openDatabases>>): Promise<OpenStage> {
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
  const first = replica(url, sandbox)
  const second = replica(url, sandbox)
  return {
    ...{ sandbox, florins: [first.florin, second.florin], storage: first.storage },
    async close() {
      await Promise.all([first.close(), second.close()])
      drop()
    },
  }
}
