import { expect, test } from 'vitest'
import { openWorld, paidPayment } from './http-world.ts'

type World = Awaited<ReturnType<typeof openWorld>>

const event = {
  id: 'evt_1',
  object: 'event',
  type: 'product.created',
  api_version: '2026-10-28.endive',
  created: 1_793_491_200,
  livemode: false,
  pending_webhooks: 1,
  request: null,
  data: { object: { id: 'prod_1', object: 'product' } },
}

const post = ({ send }: World, body: string, headers: Record<string, string>) =>
  send('POST', '/api/v1/webhooks/stripe', body, { as: 'anonymous', headers })

test('takes an event by its signature alone, and the same one again', async () => {
  const world = await openWorld()
  const body = JSON.stringify(event, null, 2)
  for (let count = 0; count < 2; count += 1) {
    const answer = await post(world, body, { 'Stripe-Signature': world.sign(body) })
    expect(answer).toMatchObject({ status: 200, body: { received: true } })
  }
})

test.each([
  {
    why: 'without a signature',
    headers: () => ({}),
    ...{ code: 'webhook_signature_invalid', detail: 'the Stripe-Signature header is missing' },
  },
  {
    why: 'with a signature of another body',
    headers: (w: World) => ({ 'Stripe-Signature': w.sign('{}') }),
    ...{ code: 'webhook_signature_invalid', detail: 'the Stripe-Signature header does not fit the body' },
  },
  {
    why: 'with something else for a signature',
    headers: () => ({ 'Stripe-Signature': 't=,v1=x' }),
    ...{ code: 'webhook_signature_invalid', detail: 'the Stripe-Signature header does not fit the body' },
  },
])('refuses an event $why', async ({ headers, code, detail }) => {
  const world = await openWorld()
  const answer = await post(world, JSON.stringify(event), headers(world))
  expect(answer).toMatchObject({ status: 400, body: { code, detail } })
})

test('refuses what is signed and no event', async () => {
  const world = await openWorld()
  for (const body of ['oops', '[]', '{"object":"v2.core.event","id":"evt_2","type":"v1.charge.refunded"}']) {
    const answer = await post(world, body, { 'Stripe-Signature': world.sign(body) })
    expect(answer).toMatchObject({ status: 400, body: { code: 'webhook_payload_invalid' } })
  }
})

test('shows what an event told: a refund made in the Dashboard', async () => {
  const world = await openWorld()
  const payment = await paidPayment(world.send)
  await world.webhooks()
  const body = new URLSearchParams({ payment_intent: payment.stripe_payment_intent_id, amount: '400' })
  await world.sandbox.fetch('https://api.stripe.com/v1/refunds', {
    method: 'POST',
    headers: { Authorization: 'Bearer sk_test_tests', 'Content-Type': 'application/x-www-form-urlencoded' },
    body: body.toString(),
  })
  await world.webhooks()
  expect((await world.send('GET', `/api/v1/payments/${payment.id}`)).body.amount_refunded).toBe(400)
  const deliveries = world.sandbox.webhooks.deliveries()
  expect(deliveries.length).toBeGreaterThan(0)
})

test('answers 503 where the event could not be stored, so that Stripe sends it again', async () => {
  const world = await openWorld()
  const { UnavailableError } = await import('@florin/core')
  const { createApp } = await import('../src/index.ts')
  const receive = () =>
    Promise.reject(new UnavailableError('storage_unavailable', 'connect ECONNREFUSED 10.0.0.5', 'not_applied'))
  const app = createApp(
    { ...world.florin, webhooks: { ...world.florin.webhooks, receive } },
    { auth: () => Promise.reject() },
  )
  const response = await app.request('/api/v1/webhooks/stripe', { method: 'POST', body: '{}' })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).not.toBeNull()
  expect(await response.text()).not.toContain('10.0.0.5')
})
