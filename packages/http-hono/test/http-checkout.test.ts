import { expect, test } from 'vitest'
import { openWorld } from './http-world.ts'

const buy = {
  user_id: 'alice',
  mode: 'payment',
  amount: 1000,
  currency: 'usd',
  success_url: 'https://shop.example/thanks',
  cancel_url: 'https://shop.example/cart',
  reference: 'order-7',
}
const portal = { user_id: 'alice', return_url: 'https://shop.example/account' }

test('opens a checkout session, and shows the payment that comes of it', async () => {
  const { send, sandbox, webhooks } = await openWorld()
  const opened = await send('POST', '/api/v1/checkout-sessions', buy, { key: 'checkout-7' })
  expect(opened.status).toBe(201)
  expect(opened.body).toEqual({
    id: expect.stringMatching(/^cs_/),
    object: 'checkout_session',
    created_at: expect.stringMatching(/Z$/),
    user_id: 'alice',
    mode: 'payment',
    status: 'open',
    reference: 'order-7',
    url: expect.stringMatching(/^https:/),
  })
  const again = await send('POST', '/api/v1/checkout-sessions', buy, { key: 'checkout-7' })
  expect([again.body, again.headers.get('idempotent-replayed')]).toEqual([opened.body, 'true'])
  await sandbox.control('POST', `/checkout/sessions/${opened.body.id}/complete`, {})
  await webhooks()
  const { body } = await send('GET', '/api/v1/users/alice/payments', undefined, { as: 'alice' })
  const paid = { user_id: 'alice', status: 'succeeded', amount: 1000, currency: 'USD', reference: 'order-7' }
  expect(body.data).toMatchObject([{ ...paid, duplicate_of: null }])
  const refused = { status: 409, body: { code: 'reference_already_claimed', object_id: body.data[0].id } }
  expect(await send('POST', '/api/v1/checkout-sessions', buy)).toMatchObject(refused)
})

test('refuses a second payment of a reference with the id of the first', async () => {
  const { send } = await openWorld()
  const order = { user_id: 'alice', amount: 1000, currency: 'USD', reference: 'order-7' }
  const first = await send('POST', '/api/v1/payments', { ...order, payment_method: 'pm_card_chargeDeclined' })
  expect(first).toMatchObject({ status: 402, body: { payment: { reference: 'order-7', duplicate_of: null } } })
  const { id } = first.body.payment
  const refused = { status: 409, body: { code: 'reference_already_claimed', object_id: id } }
  expect(await send('POST', '/api/v1/payments', { ...order, payment_method: 'pm_card_visa' })).toMatchObject(refused)
  expect(await send('POST', '/api/v1/checkout-sessions', buy)).toMatchObject(refused)
  const confirmed = await send('POST', `/api/v1/payments/${id}/confirm`, { payment_method: 'pm_card_visa' })
  expect(confirmed).toMatchObject({ status: 200, body: { id, status: 'succeeded' } })
})

test('marks a payment that came besides', async () => {
  const { send, sandbox, webhooks } = await openWorld()
  const opened = await send('POST', '/api/v1/checkout-sessions', buy)
  const order = { user_id: 'alice', amount: 1000, currency: 'USD', reference: 'order-7' }
  const paid = await send('POST', '/api/v1/payments', { ...order, payment_method: 'pm_card_visa' })
  await sandbox.control('POST', `/checkout/sessions/${opened.body.id}/complete`, {})
  await webhooks()
  const { body } = await send('GET', '/api/v1/users/alice/payments')
  const marks = body.data.map((payment: { duplicate_of: string | null }) => payment.duplicate_of)
  expect(marks.sort()).toEqual([null, paid.body.id])
})

test('lets users open sessions for prices that are open to them, and for nothing else', async () => {
  const { send, basic, better } = await openWorld({ settings: ({ basic }) => ({ subscribablePrices: [basic] }) })
  const { amount: _, currency: __, reference: ___, ...page } = buy
  const as = { as: 'alice' }
  const subscribe = { ...page, mode: 'subscription', price_id: basic }
  expect(await send('POST', '/api/v1/checkout-sessions', subscribe, as)).toMatchObject({ status: 201 })
  expect(await send('POST', '/api/v1/checkout-sessions', { ...page, mode: 'setup' }, as)).toMatchObject({ status: 201 })
  for (const body of [buy, { ...subscribe, price_id: better }, { ...subscribe, user_id: 'bob' }]) {
    const answer = await send('POST', '/api/v1/checkout-sessions', body, as)
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  }
})

test.each([
  { why: 'no price at all', change: { amount: undefined }, field: 'amount' },
  { why: 'an unknown mode', change: { mode: 'donation' }, field: 'mode' },
  { why: 'a page that is no page', change: { success_url: '/thanks' }, field: 'success_url' },
  {
    why: 'a price that Stripe does not know',
    change: { amount: undefined, currency: undefined, price_id: 'price_none' },
    field: 'price_id',
  },
])('refuses a checkout with $why', async ({ change, field }) => {
  const { send } = await openWorld()
  const answer = await send('POST', '/api/v1/checkout-sessions', { ...buy, ...change })
  expect(answer).toMatchObject({ status: 422, body: { code: 'input_invalid', errors: [{ field }] } })
})

test('names no field of a checkout otherwise than callers do', async () => {
  const { send } = await openWorld()
  const { amount: _, currency: __, ...unpriced } = buy
  const answers = [
    await send('POST', '/api/v1/checkout-sessions', { ...unpriced, quantity: 2 }),
    await send('POST', '/api/v1/checkout-sessions', { ...buy, price_id: 'price_1' }),
  ]
  for (const { status, body } of answers) {
    expect(status).toBe(422)
    expect(body.detail).not.toMatch(/[a-z][A-Z]/)
  }
})

test('opens the billing portal for a user, and not for another', async () => {
  const { send } = await openWorld()
  const answer = await send('POST', '/api/v1/billing-portal-sessions', portal, { as: 'alice' })
  expect(answer.status).toBe(201)
  expect(answer.body).toEqual({
    id: expect.stringMatching(/^bps_/),
    object: 'billing_portal_session',
    created_at: expect.stringMatching(/Z$/),
    user_id: 'alice',
    url: expect.stringMatching(/^https:/),
  })
  expect(await send('POST', '/api/v1/billing-portal-sessions', portal, { as: 'bob' })).toMatchObject({ status: 403 })
  const missing = await send('POST', '/api/v1/billing-portal-sessions', { user_id: 'alice' })
  expect(missing).toMatchObject({ status: 422, body: { errors: [{ field: 'return_url' }] } })
})
