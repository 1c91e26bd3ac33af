import { setTimeout as sleep } from 'node:timers/promises'
import { fromPool, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin, systemRuntime } from '@florin/core'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startProxy } from '../../../test/services/proxy.ts'
import { testCipher } from '../../core/test/opened.ts'
import { differences } from '../../core/test/truth.ts'
import { createApp, jwtAuthenticator } from '../src/index.ts'
import { openDatabases } from './replicas.ts'

// 60 s by hand (docs/proofs.md).
const OUTAGE_MS = Number(process.env.OUTAGE ?? 3) * 1000
const EVENTS = 1000
const secret = 'whsec_storm'

let databases: Awaited<ReturnType<typeof openDatabases>>
beforeAll(async () => {
  databases = await openDatabases()
}, 60_000)
afterAll(() => databases.close(), 60_000)

/** The app over a PostgreSQL that can be taken away, and a way to look into it that cannot. */
async function openWorld() {
  const { url, drop } = await databases.open()
  const proxy = await startProxy(url)
  // As `florin serve` has it, but less patient: a storm has to be over some day.
  const patience = { connectionTimeoutMillis: 500, query_timeout: 1000 }
  const pool = new Pool({ connectionString: proxy.url, max: 8, ...patience }).on('error', () => undefined)
  // Its connections are cut when the database is dropped.
  const direct = new Pool({ connectionString: url, max: 2 }).on('error', () => undefined)
  const answered = { stored: 0, refused: 0, unstored: [] as string[] }
  const sandbox = createStripeSandbox({
    webhookEndpoints: [{ url: 'http://127.0.0.1/api/v1/webhooks/stripe', secret }],
    webhookMode: { hold: true, concurrency: 8, duplicate: 0.05 },
    async send(address, body, headers) {
      const { status } = await app.request(address, { method: 'POST', body, headers })
      if (status >= 300) answered.refused += 1
      else await mustBeStored(JSON.parse(body).id)
      return { status }
    },
  })
  async function mustBeStored(id: string) {
    const { rows } = await direct.query("select status from webhook_events where id = $1 and status <> 'failed'", [id])
    if (rows.length === 1) answered.stored += 1
    else answered.unstored.push(id)
  }
  const storage = postgresStorage({ database: fromPool(pool), recoveryDelays: [10, 50, 250] })
  const stripe = stripeClient({ secretKey: 'sk_test_storm', fetch: sandbox.fetch })
  const florin = createFlorin({
    storage,
    gateway: stripeGateway({ stripe, webhookSecrets: [secret] }),
    cipher: testCipher,
    runtime: { ...systemRuntime, now: () => sandbox.clock.nowMs() },
  })
  const app = createApp(florin, { auth: jwtAuthenticator({ secret: 'a secret for tests that is long enough' }) })
  const close = async () => {
    sandbox.close()
    await Promise.all([pool.end(), direct.end()])
    await proxy.close()
    drop()
  }
  return { proxy, sandbox, florin, storage, direct, answered, close }
}

it('a database that is away during a storm of webhooks loses none, and none is taken before it is stored', {
  timeout: 120_000 + 2 * OUTAGE_MS,
}, async () => {
  const world = await openWorld()
  const { proxy, sandbox, florin, direct, answered } = world
  try {
    const stripe = stripeClient({ secretKey: 'sk_test_storm', fetch: sandbox.fetch })
    const events = () => sandbox.state.all('event').length
    const customer = await stripe.customers.create()
    while (events() < EVENTS) {
      const paid = { amount: 2000, currency: 'usd', confirm: true, payment_method: 'pm_card_visa' }
      const methods = { automatic_payment_methods: { enabled: true, allow_redirects: 'never' as const } }
      const intent = await stripe.paymentIntents.create({ ...paid, ...methods, customer: customer.id })
      if (events() % 2 === 0) await stripe.refunds.create({ payment_intent: intent.id, amount: 500 })
    }

    await sandbox.webhooks.settled()
    const storm = sandbox.webhooks.flush()
    sandbox.webhooks.setMode({ hold: false })
    await until(() => answered.stored >= EVENTS / 5)
    // First it does not answer any more, then it is gone.
    proxy.pause()
    await sleep(OUTAGE_MS / 3)
    await proxy.kill()
    proxy.resume()
    const beforeReturn = Date.now() + (2 * OUTAGE_MS) / 3
    while (Date.now() < beforeReturn) {
      // Stripe goes on trying, and goes on being refused.
      await sandbox.clock.advance(60)
      await sleep(250)
    }
    const refusedWhileAway = answered.refused
    expect(refusedWhileAway).toBeGreaterThan(100)
    await proxy.revive()
    await storm

    sandbox.webhooks.setMode()
    const waiting = () => sandbox.webhooks.deliveries().filter(({ status }) => status !== 'succeeded')
    for (let hours = 0; waiting().length > 0 && hours < 100; hours += 1) await sandbox.clock.advance(3600)
    expect(waiting()).toEqual([])
    expect(answered.unstored).toEqual([])

    const { rows } = await direct.query('select status, count(*)::int as count from webhook_events group by status')
    const kept = Object.fromEntries(rows.map(({ status, count }) => [status, count]))
    expect(Object.keys(kept).sort()).toEqual(['ignored', 'processed'])
    expect(kept.ignored + kept.processed).toBe(events())
    await florin.maintenance.refresh({ limit: 1000 })
    expect(await differences(world)).toEqual([])
    console.log(`${events()} events, away for ${OUTAGE_MS} ms:`, { refusedWhileAway, ...answered, ...kept })
  } finally {
    await world.close()
  }
})

async function until(isSo: () => boolean): Promise<void> {
  const giveUp = Date.now() + 60_000
  while (!isSo()) {
    if (Date.now() > giveUp) throw new Error('it did not come to that within a minute')
    await sleep(5)
  }
}
