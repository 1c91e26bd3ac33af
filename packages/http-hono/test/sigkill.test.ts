import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { fromPool, migrateToLatest, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin, many, system, systemRuntime } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox, serveSandbox } from '@florin/stripe-sandbox'
import { Client, Pool } from 'pg'
import { afterAll, describe, expect, inject, it } from 'vitest'

const child = join(import.meta.dirname, 'sigkill-child.ts')

const admin = new Client({ connectionString: inject('databaseUrl') })
const databases: string[] = []
const connected = admin.connect()
afterAll(async () => {
  for (const name of databases) await admin.query(`drop database ${name} with (force)`)
  await admin.end()
})

/** A database and a Stripe of their own, and a Florin that stays alive. */
async function openWorld() {
  await connected
  const name = `florin_kill_${randomBytes(6).toString('hex')}`
  await admin.query(`create database ${name} template template0`)
  databases.push(name)
  const url = new URL(inject('databaseUrl'))
  url.pathname = `/${name}`
  // Its connections are cut when the database is dropped.
  const pool = new Pool({ connectionString: url.href, max: 2 }).on('error', () => undefined)
  const database = fromPool(pool)
  await migrateToLatest(database)
  const sandbox = createStripeSandbox()
  const served = await serveSandbox(sandbox, { port: 0 })
  const storage = postgresStorage({ database })
  const stripe = stripeClient({ secretKey: 'sk_test_kill', fetch: sandbox.fetch })
  const florin = createFlorin({
    storage,
    gateway: stripeGateway({ stripe, webhookSecrets: ['whsec_kill'] }),
    cipher: nodeCipher({ current: { id: 'kill', bytes: new Uint8Array(32).fill(3) } }),
    runtime: { ...systemRuntime, now: () => sandbox.clock.nowMs() },
  })
  const close = async () => {
    await served.close()
    sandbox.close()
    await pool.end()
  }
  return { url: url.href, sandbox, stripeUrl: served.url, storage, florin, close }
}

/** Runs the child up to its point. Answers whether it was killed there. */
async function dieAt(environment: Record<string, string>): Promise<boolean> {
  const process_ = spawn(process.execPath, ['--conditions=@florin/source', child], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  process_.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString()
  })
  const [, signal] = await once(process_, 'close')
  if (signal === 'SIGKILL') return true
  expect(output).toBe('finished\n')
  return false
}

const acts = [
  { act: 'pay', makes: 'payment_intent' },
  { act: 'refund', makes: 'refund' },
  { act: 'subscribe', makes: 'subscription' },
]

describe('a process that is killed on PostgreSQL', () => {
  it.each(acts)('leaves what another one finishes, once: $act', { timeout: 240_000 }, async ({ act, makes }) => {
    let point = 1
    for (; ; point += 1) {
      const world = await openWorld()
      try {
        const order = { userId: 'user_1', paymentMethod: 'pm_card_visa', amount: 2000, currency: 'USD' }
        const paid = act === 'refund' ? (await world.florin.payments.create(order, { actor: system })).data.id : ''
        const killed = await dieAt({
          ...{ DATABASE_URL: world.url, STRIPE_API_BASE: world.stripeUrl, ACT: act, TARGET: paid },
          ...{ POINT: String(point), NOW: String(world.sandbox.clock.nowMs()) },
        })
        if (!killed) break
        await world.sandbox.clock.advance(61)
        await world.florin.maintenance.recover()
        await world.florin.maintenance.recover()
        const { open, done } = await world.storage.load({
          open: many('operations', { status: 'open' }),
          done: many('operations', { status: 'done' }),
        })
        expect(open, `${act}, killed at ${point}`).toEqual([])
        // Exactly what was intended: nothing where the intent itself was not committed.
        const intended = done.filter(({ kind }) => kind.startsWith(makes === 'payment_intent' ? 'payment' : makes))
        const made = world.sandbox.state.all(makes).length
        expect(made, `${act}, killed at ${point}`).toBe(intended.length)
      } finally {
        await world.close()
      }
    }
    expect(point).toBeGreaterThan(8)
    console.log(`${act}: killed at ${point - 1} points`)
  })
})
