import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { ownRedis } from '../../../test/services/own-redis.ts'
import { freePort } from '../../../test/services/port.ts'
import { startFlorin, temporaryFolder } from './cli-process.ts'

const slow = { timeout: 120_000 }
const DAY = 24 * 3600

/** The endpoints that every release has had; the life below must come through all of them. */
const endpoints = [
  'POST /payments',
  'GET /payments/:id',
  'GET /users/:user_id/payments',
  'POST /payment-methods',
  'GET /users/:user_id/payment-methods',
  'DELETE /payment-methods/:id',
  'POST /subscriptions',
  'GET /subscriptions/:id',
  'GET /users/:user_id/subscriptions',
  'DELETE /subscriptions/:id',
  'GET /invoices/:id',
  'GET /users/:user_id/invoices',
  'GET /subscriptions/:subscription_id/invoices',
  'POST /refunds',
  'POST /webhooks/stripe',
  'GET /health',
  'GET /metrics',
]

const secrets = {
  STRIPE_SECRET_KEY: 'sk_test_life',
  STRIPE_WEBHOOK_SECRET: 'whsec_life',
  JWT_SECRET: 'a secret of more than thirty-two characters',
  ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
  RATE_LIMIT_PER_MINUTE: '0',
}

interface World {
  readonly url: string
  readonly stripeUrl: string
}

/** Sandbox mode: PGlite and Stripe's sandbox in the process. */
async function onPglite(): Promise<World> {
  const [port, sandboxPort] = [await freePort(), await freePort()]
  const args = ['dev', '--memory', '--port', `${port}`, '--sandbox-port', `${sandboxPort}`]
  const { JWT_SECRET, RATE_LIMIT_PER_MINUTE } = secrets
  const florin = startFlorin(args, { folder: temporaryFolder(), environment: { JWT_SECRET, RATE_LIMIT_PER_MINUTE } })
  await florin.says(/Make a payment/)
  return { url: `http://127.0.0.1:${port}`, stripeUrl: `http://127.0.0.1:${sandboxPort}` }
}

/** A server on PostgreSQL and Redis, with Stripe's sandbox in another process. */
async function onPostgres(): Promise<World> {
  const database = new URL(inject('databaseUrl'))
  database.pathname = `/florin_life_${randomBytes(6).toString('hex')}`
  const admin = new Client({ connectionString: inject('databaseUrl') })
  await admin.connect()
  await admin.query(`create database ${database.pathname.slice(1)} template template0`)
  onTestFinished(async () => {
    await admin.query(`drop database ${database.pathname.slice(1)} with (force)`)
    await admin.end()
  })

  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const folder = temporaryFolder()
  const forward = ['--forward-to', `${url}/api/v1/webhooks/stripe`]
  const sandbox = startFlorin(['sandbox', '--port', '0', ...forward], { folder, environment: secrets })
  const stripeUrl = (await sandbox.says(/STRIPE_API_BASE=(\S+)/))[1] ?? ''
  const environment = {
    ...secrets,
    ...{ DATABASE_URL: database.href, REDIS_URL: ownRedis(), STRIPE_API_BASE: stripeUrl },
    ...{ SERVER_PORT: `${port}`, SERVER_HOST: '127.0.0.1', SUBSCRIBABLE_PRICES: 'price_1234567890' },
  }
  expect(await startFlorin(['migrate', 'up'], { folder, environment }).ended()).toBe(0)
  await startFlorin(['serve'], { folder, environment }).says(/"message":"listening"/)
  return { url, stripeUrl }
}

const answerShape = z.looseObject({
  id: z.string().optional(),
  status: z.union([z.string(), z.number()]).optional(),
  code: z.string().optional(),
  data: z.array(z.looseObject({ id: z.string(), status: z.string().optional() })).optional(),
})

/** Someone's requests, each checked off in `used` by its endpoint. */
function requester({ url }: World, token: string, used: Set<string>) {
  return async (endpoint: string, ids: Readonly<Record<string, string>> = {}, body?: object) => {
    used.add(endpoint)
    const [method = '', pattern = ''] = endpoint.split(' ')
    const path = Object.entries(ids).reduce((known, [name, id]) => known.replace(`:${name}`, id), pattern)
    const headers = {
      Authorization: `Bearer ${token}`,
      'Idempotency-Key': randomBytes(8).toString('hex'),
      ...(body && { 'Content-Type': 'application/json' }),
    }
    const response = await fetch(`${url}/api/v1${path}`, { method, headers, body: body ? JSON.stringify(body) : null })
    const text = await response.text()
    return { status: response.status, body: answerShape.parse(text === '' ? {} : JSON.parse(text)) }
  }
}

async function tokenOf(sub: string, role: string): Promise<string> {
  const florin = startFlorin(['token', '--sub', sub, '--role', role], {
    folder: temporaryFolder(),
    environment: { JWT_SECRET: secrets.JWT_SECRET },
  })
  expect(await florin.ended()).toBe(0)
  return florin.output().trim()
}

/** Asks again until it is so, at most 30 s. */
async function until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  const end = Date.now() + 30_000
  for (;;) {
    const answer = await ask()
    if (isSo(answer) || Date.now() > end) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe.each([
  { where: 'PGlite', open: onPglite },
  { where: 'PostgreSQL', open: onPostgres },
])('on $where', ({ open }) => {
  test('a customer sets up a card, pays, is refunded, subscribes, is billed, and leaves', slow, async () => {
    const world = await open()
    const used = new Set<string>()
    const shop = requester(world, await tokenOf('shop', 'service'), used)
    const user = requester(world, await tokenOf('user_life', 'user'), used)
    const me = { user_id: 'user_life' }

    // A card
    const card = { ...me, payment_method: 'pm_card_visa', set_default: true }
    const method = await user('POST /payment-methods', {}, card)
    expect(method).toMatchObject({ status: 201, body: { is_default: true, card: { last4: '4242' } } })
    const methods = await user('GET /users/:user_id/payment-methods', me)
    expect(methods.body.data).toMatchObject([{ id: method.body.id }])

    // A payment
    const order = { ...me, amount: 2000, currency: 'USD', payment_method: method.body.id }
    const payment = await shop('POST /payments', {}, order)
    expect(payment).toMatchObject({ status: 201, body: { status: 'succeeded', amount_captured: 2000 } })
    const paymentId = payment.body.id ?? ''
    expect(await user('GET /payments/:id', { id: paymentId })).toMatchObject({ body: { status: 'succeeded' } })
    expect((await user('GET /users/:user_id/payments', me)).body.data).toMatchObject([{ id: paymentId }])
    const asUser = await user('POST /payments', {}, order)
    expect(asUser).toMatchObject({ status: 403, body: { code: 'forbidden' } })

    // Refunds: a part, the rest, and not one cent more
    const refund = (amount: number) => shop('POST /refunds', {}, { transaction_id: paymentId, amount })
    expect(await refund(500)).toMatchObject({ status: 201, body: { status: 'succeeded', amount: 500 } })
    expect(await refund(1500)).toMatchObject({ status: 201, body: { status: 'succeeded' } })
    expect(await refund(1)).toMatchObject({ status: 409, body: { code: 'refund_exceeds_captured' } })
    const refunded = await user('GET /payments/:id', { id: paymentId })
    expect(refunded.body).toMatchObject({ amount_refunded: 2000, status: 'succeeded' })

    // A subscription with a trial, and past it
    const plan = { ...me, price_id: 'price_1234567890', payment_method: method.body.id, trial_days: 14 }
    const subscription = await shop('POST /subscriptions', {}, plan)
    expect(subscription).toMatchObject({ status: 201, body: { status: 'trialing' } })
    const subscriptionId = subscription.body.id ?? ''
    const moved = await fetch(`${world.stripeUrl}/_sandbox/clock`, {
      method: 'POST',
      body: JSON.stringify({ advance: 15 * DAY }),
    })
    expect(moved.status).toBe(200)
    const billed = await until(
      () => user('GET /subscriptions/:id', { id: subscriptionId }),
      ({ body }) => body.status === 'active',
    )
    expect(billed.body.status).toBe('active')
    const invoices = await until(
      () => user('GET /subscriptions/:subscription_id/invoices', { subscription_id: subscriptionId }),
      ({ body }) => body.data?.[0]?.status === 'paid' && body.data.length === 2,
    )
    expect(invoices.body.data).toMatchObject([
      { status: 'paid', amount_paid: 2000, billing_reason: 'subscription_cycle' },
      { status: 'paid', amount_paid: 0, billing_reason: 'subscription_create' },
    ])
    const invoiceId = invoices.body.data?.[0]?.id ?? ''
    const invoice = await user('GET /invoices/:id', { id: invoiceId })
    expect(invoice.body).toMatchObject({ status: 'paid', subscription_id: subscriptionId, amount_remaining: 0 })
    expect((await user('GET /users/:user_id/invoices', me)).body.data).toHaveLength(2)

    // The end
    const ended = await user('DELETE /subscriptions/:id', { id: subscriptionId })
    expect(ended).toMatchObject({ status: 200, body: { status: 'canceled' } })
    const subscriptions = await user('GET /users/:user_id/subscriptions', me)
    expect(subscriptions.body.data).toMatchObject([{ id: subscriptionId, status: 'canceled' }])
    expect((await user('DELETE /payment-methods/:id', { id: method.body.id ?? '' })).status).toBe(204)

    // Stripe's webhooks came signed, and nobody else's are taken
    expect((await user('POST /webhooks/stripe', {}, { id: 'evt_forged' })).status).toBe(400)
    used.add('GET /health').add('GET /metrics')
    const health = await fetch(`${world.url}/health`)
    expect(await health.json()).toEqual({ status: 'healthy' })
    // The last of them comes on its own, after the answer.
    const metrics = await until(
      async () => await (await fetch(`${world.url}/metrics`)).text(),
      (text) => text.includes('{type="customer.subscription.deleted",outcome="processed"}'),
    )
    const processed = [...metrics.matchAll(/^webhook_events_total\{type="([^"]+)",outcome="processed"\} \d+/gm)]
    const types = processed.map(([, type]) => type)
    expect(types).toEqual(
      expect.arrayContaining([
        'payment_intent.succeeded',
        'charge.refunded',
        'invoice.paid',
        'customer.subscription.deleted',
      ]),
    )
    expect(metrics).not.toMatch(/outcome="failed".* [1-9]/)
    expect(endpoints.filter((endpoint) => !used.has(endpoint))).toEqual([])
  })
})
