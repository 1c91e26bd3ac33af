import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { afterEach, expect, expectTypeOf, test } from 'vitest'
import { createFlorinClient, FlorinApiError, type FlorinClientOptions, type PaymentBody } from '../src/client.ts'
import { clientAddress } from '../src/index.ts'
import { openWorld, tokenFor } from './http-world.ts'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

/** A world that is served over HTTP, and a client of it. */
async function openServer(options: Partial<FlorinClientOptions> = {}, world = openWorld()) {
  const { app, ...rest } = await world
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  stops.push(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  const baseUrl = `http://127.0.0.1:${port}/`
  const token = await tokenFor('backend', 'service')
  return { ...rest, baseUrl, token, client: createFlorinClient({ baseUrl, token, ...options }) }
}

const order = { user_id: 'alice', amount: 1000, currency: 'USD', payment_method: 'pm_card_visa' }

test('speaks with a server: every method reaches its route', async () => {
  const { baseUrl, client, webhooks, basic } = await openServer()
  const payment = await client.payments.create(order)
  expectTypeOf(payment).toEqualTypeOf<PaymentBody>()
  expect(await client.payments.get(payment.id)).toEqual(payment)
  const held = await client.payments.create({ ...order, capture_method: 'manual' })
  expect(await client.payments.capture(held.id, { amount: 400 })).toMatchObject({ amount_captured: 400 })
  const open = await client.payments.create({ user_id: 'alice', amount: 1000, currency: 'USD' })
  const card = { payment_method: 'pm_card_visa', return_url: 'https://shop.example/back' }
  expect(await client.payments.confirm(open.id, card)).toMatchObject({ status: 'succeeded' })
  const other = await client.payments.create({ ...order, capture_method: 'manual' })
  expect(await client.payments.cancel(other.id)).toMatchObject({ status: 'canceled' })
  const first = await client.payments.list('alice', { limit: 3 })
  expect(first).toMatchObject({ data: { length: 3 }, has_more: true })
  const next = await client.payments.list('alice', { limit: 3, cursor: first.next_cursor ?? '' })
  expect(next.data.map(({ id }) => id)).toEqual([payment.id])

  const refund = await client.refunds.create({ transaction_id: payment.id, amount: 100 })
  expect(await client.refunds.get(refund.id)).toEqual(refund)
  expect((await client.refunds.list(payment.id)).data).toEqual([refund])

  const method = await client.paymentMethods.attach({ user_id: 'alice', payment_method: 'pm_card_visa' })
  expect(await client.paymentMethods.setUp({ user_id: 'alice' })).toMatchObject({ object: 'setup_intent' })
  expect(await client.paymentMethods.setDefault(method.id)).toMatchObject({ is_default: true })
  const subscription = await client.subscriptions.create({ user_id: 'alice', price_id: basic })
  expect(await client.subscriptions.get(subscription.id)).toMatchObject({ id: subscription.id })
  await webhooks()
  expect((await client.invoices.list('alice')).data).toHaveLength(1)
  const [invoice] = (await client.invoices.listBySubscription(subscription.id)).data
  expect(await client.invoices.get(invoice?.id ?? '')).toEqual(invoice)
  const trial = { user_id: 'alice', price_id: basic, payment_method: method.id, trial_days: 7 }
  const { id } = await client.subscriptions.create(trial)
  expect(await client.subscriptions.update(id, { quantity: 2 })).toMatchObject({ items: [{ quantity: 2 }] })
  expect(await client.subscriptions.cancel(id, { atPeriodEnd: true })).toMatchObject({ cancel_at_period_end: true })
  expect(await client.subscriptions.resume(id)).toMatchObject({ cancel_at_period_end: false })
  expect(await client.subscriptions.cancel(id)).toMatchObject({ status: 'canceled' })
  expect((await client.subscriptions.list('alice')).data).toHaveLength(2)
  expect((await client.paymentMethods.list('alice')).data.length).toBeGreaterThan(0)
  expect(await client.paymentMethods.remove(method.id)).toBeUndefined()

  const disputed = await client.payments.create({ ...order, payment_method: 'pm_card_createDispute' })
  await webhooks()
  const [dispute] = (await client.disputes.list(disputed.id)).data
  expect(await client.disputes.get(dispute?.id ?? '')).toEqual(dispute)

  const admin = createFlorinClient({ baseUrl, token: await tokenFor('root', 'admin') })
  const [event] = (await admin.webhookEvents.list({ status: 'processed', limit: 1 })).data
  expect(await admin.webhookEvents.get(event?.id ?? '')).toEqual(event)
  const { data: entries } = await admin.auditLog.list({ objectId: payment.id })
  expect(entries.map(({ action }) => action)).toEqual(['payment.create'])
  expect(await admin.webhookEvents.replay(event?.id ?? '')).toMatchObject({ id: event?.id, attempts: 2 })
})

test('throws what was answered instead, with the declined payment in it', async () => {
  const { client } = await openServer()
  const declined = client.payments.create({ ...order, payment_method: 'pm_card_chargeDeclined' })
  const error = await declined.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(FlorinApiError)
  expect(error).toMatchObject({
    name: 'FlorinApiError',
    status: 402,
    code: 'card_declined',
    message: expect.stringContaining('card_declined: '),
    problem: { payment: { status: 'failed' } },
  })
  await expect(client.payments.get('tx_1')).rejects.toMatchObject({ status: 404, code: 'payment_not_found' })
})

test('keeps one key over its retries, so that a lost answer is paid once', async () => {
  const keys: (string | null)[] = []
  let lost = 2
  const losing: typeof fetch = async (input, init) => {
    keys.push(new Headers(init?.headers).get('idempotency-key'))
    const response = await fetch(input, init)
    lost -= 1
    if (lost >= 0) throw new TypeError('fetch failed')
    return response
  }
  const { client, sandbox } = await openServer({ fetch: losing })
  expect(await client.payments.create(order)).toMatchObject({ status: 'succeeded' })
  expect(keys).toHaveLength(3)
  expect(new Set(keys).size).toBe(1)
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
  expect(sandbox.state.all('payment_intent')).toHaveLength(1)
  await client.payments.create(order, { idempotencyKey: 'order-1' })
  expect(keys.at(-1)).toBe('order-1')
})

test.each([
  { why: 'busy', status: 409, code: 'operation_in_progress', tries: 2 },
  { why: 'limited', status: 429, code: 'rate_limited', tries: 2 },
  { why: 'unavailable', status: 503, code: 'storage_unavailable', tries: 2 },
  { why: 'refused', status: 409, code: 'payment_not_refundable', tries: 1 },
  { why: 'invalid', status: 422, code: 'input_invalid', tries: 1 },
])('tries again what is $why: $tries times in all', async ({ status, code, tries }) => {
  let calls = 0
  const answering: typeof fetch = async () => {
    calls += 1
    const headers = { 'Content-Type': 'application/problem+json', 'Retry-After': '0' }
    return new Response(JSON.stringify({ status, code, detail: 'no' }), { status, headers })
  }
  const client = createFlorinClient({ baseUrl: 'http://127.0.0.1', token: () => 'fresh', fetch: answering, retries: 1 })
  await expect(client.refunds.create({ transaction_id: 'tx_1' })).rejects.toMatchObject({ status, code })
  expect(calls).toBe(tries)
})

test('makes a problem of what a proxy answers', async () => {
  const proxy: typeof fetch = async () => new Response('<h1>Bad Gateway</h1>', { status: 502 })
  const client = createFlorinClient({ baseUrl: 'http://127.0.0.1', token: 'x', fetch: proxy, retries: 0 })
  await expect(client.payments.get('tx_1')).rejects.toMatchObject({ status: 502, code: 'overloaded' })
})

test('a server knows the address behind the proxies that it trusts, and no other', async () => {
  const seen: string[] = []
  const limiter = {
    take: async (key: string) => {
      seen.push(key)
      return { allowed: true, limit: 1, remaining: 1, resetSeconds: 1 }
    },
  }
  for (const trustedProxies of [0, 1, 2]) {
    const rateLimit = { limiter, clientAddress: clientAddress({ trustedProxies }) }
    const { baseUrl, token } = await openServer({}, openWorld({ app: { rateLimit } }))
    const headers = { Authorization: `Bearer ${token}`, 'X-Forwarded-For': '6.6.6.6, 10.0.0.1, 10.0.0.2' }
    const response = await fetch(`${baseUrl}api/v1/payments/tx_1`, { headers })
    expect(response.status).toBe(404)
  }
  expect(seen).toEqual(['api:127.0.0.1', 'api:10.0.0.2', 'api:10.0.0.1'])
})

test('a server counts a chunked body that is too large, and reads one that is not', async () => {
  const { baseUrl, token } = await openServer({}, openWorld({ app: { bodyLimitBytes: 1000 } }))
  const post = (body: string) => {
    const bytes = new TextEncoder().encode(body)
    const half = Math.ceil(bytes.length / 2)
    const chunks = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(0, half))
        controller.enqueue(bytes.slice(half))
        controller.close()
      },
    })
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
    const init = { method: 'POST', headers, body: chunks, duplex: 'half' }
    return fetch(`${baseUrl}api/v1/payments`, init)
  }
  expect((await post(JSON.stringify(order))).status).toBe(201)
  const refused = await post(JSON.stringify({ ...order, description: 'ü'.repeat(500) }))
  expect(refused.status).toBe(413)
  expect(await refused.json()).toMatchObject({ code: 'body_too_large' })
})
