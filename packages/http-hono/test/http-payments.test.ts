import { expect, test } from 'vitest'
import { openWorld, paidPayment } from './http-world.ts'

const order = { user_id: 'alice', amount: 1000, currency: 'USD' }

test('takes a payment, and shows every field of it', async () => {
  const { send } = await openWorld()
  const { status, body, headers } = await send('POST', '/api/v1/payments', {
    ...order,
    description: 'Product purchase',
    payment_method: 'pm_card_visa',
    reference: 'order-7',
    metadata: { orderId: '7', order_id: '8' },
  })
  expect(status).toBe(201)
  expect(body).toEqual({
    id: expect.stringMatching(/^tx_/),
    object: 'payment',
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    updated_at: expect.any(String),
    user_id: 'alice',
    amount: 1000,
    amount_capturable: 0,
    amount_captured: 1000,
    amount_refunded: 0,
    currency: 'USD',
    status: 'succeeded',
    payment_method: expect.stringMatching(/^pm_/),
    description: 'Product purchase',
    reference: 'order-7',
    duplicate_of: null,
    metadata: { orderId: '7', order_id: '8' },
    capture_method: 'automatic',
    failure: null,
    next_action: null,
    client_secret: null,
    stripe_payment_intent_id: expect.stringMatching(/^pi_/),
  })
  expect(headers.get('florin-operation')).toMatch(/^operation_/)
  expect(headers.get('idempotent-replayed')).toBeNull()
  expect((await send('GET', `/api/v1/payments/${body.id}`)).body).toEqual(body)
  expect((await send('GET', `/api/v1/payments/${body.stripe_payment_intent_id}`)).body).toEqual(body)
})

test('answers a decline as 402 with the payment, which another card can still pay', async () => {
  const { send } = await openWorld()
  const declining = { ...order, payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds' }
  const { status, body, headers } = await send('POST', '/api/v1/payments', declining)
  expect(status).toBe(402)
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(body).toMatchObject({
    type: 'urn:florin:error:card_declined',
    title: 'Card declined',
    status: 402,
    code: 'card_declined',
    decline_code: 'insufficient_funds',
    operation_id: expect.stringMatching(/^operation_/),
    payment: {
      object: 'payment',
      status: 'failed',
      failure: { code: 'card_declined', decline_code: 'insufficient_funds' },
    },
  })
  const path = `/api/v1/payments/${body.payment.id}`
  const again = await send('POST', `${path}/confirm`, { payment_method: 'pm_card_chargeDeclinedExpiredCard' })
  expect(again).toMatchObject({ status: 402, body: { code: 'expired_card', payment: { id: body.payment.id } } })
  const paid = await send('POST', `${path}/confirm`, { payment_method: 'pm_card_visa' })
  expect(paid).toMatchObject({ status: 200, body: { id: body.payment.id, status: 'succeeded', amount_captured: 1000 } })
  expect(await send('POST', `${path}/confirm`, { payment_method: 'pm_card_visa' })).toMatchObject({
    status: 409,
    body: { code: 'payment_not_confirmable' },
  })
})

test('waits for Stripe Elements where no method is given, and shows the secret to the owner alone', async () => {
  const { send } = await openWorld()
  const { status, body } = await send('POST', '/api/v1/payments', order)
  expect(status).toBe(201)
  expect(body).toMatchObject({ status: 'requires_payment_method', client_secret: expect.stringContaining('_secret_') })
  const path = `/api/v1/payments/${body.id}`
  expect((await send('GET', path, undefined, { as: 'alice' })).body.client_secret).toBe(body.client_secret)
  expect((await send('GET', path, undefined, { as: 'support' })).body.client_secret).toBeNull()
  const list = await send('GET', '/api/v1/users/alice/payments', undefined, { as: 'alice' })
  expect(list.body.data[0].client_secret).toBeNull()
})

test('asks for 3-D Secure', async () => {
  const { send } = await openWorld()
  const body = { ...order, payment_method: 'pm_card_threeDSecure2Required', return_url: 'https://shop.example/back' }
  const answer = await send('POST', '/api/v1/payments', body)
  expect(answer).toMatchObject({ status: 201, body: { status: 'requires_action', next_action: expect.any(Object) } })
})

test('authorises, captures a part, and cancels', async () => {
  const { send } = await openWorld()
  const manual = { ...order, payment_method: 'pm_card_visa', capture_method: 'manual' }
  const first = (await send('POST', '/api/v1/payments', manual)).body
  expect(first).toMatchObject({ status: 'requires_capture', amount_capturable: 1000, amount_captured: 0 })
  expect(await send('POST', `/api/v1/payments/${first.id}/capture`, { amount: 2000 })).toMatchObject({
    status: 409,
    body: { code: 'capture_exceeds_authorized' },
  })
  expect(await send('POST', `/api/v1/payments/${first.id}/capture`, { amount: 400 })).toMatchObject({
    status: 200,
    body: { status: 'succeeded', amount_captured: 400, amount_capturable: 0 },
  })
  expect(await send('POST', `/api/v1/payments/${first.id}/cancel`)).toMatchObject({
    status: 409,
    body: { code: 'payment_not_cancelable' },
  })
  const second = (await send('POST', '/api/v1/payments', manual)).body
  const canceled = await send('POST', `/api/v1/payments/${second.id}/cancel`, { reason: 'abandoned' })
  expect(canceled).toMatchObject({ status: 200, body: { status: 'canceled' } })
  expect(await send('POST', `/api/v1/payments/${second.id}/capture`)).toMatchObject({
    status: 409,
    body: { code: 'payment_not_capturable' },
  })
})

test('lists newest first, a page at a time', async () => {
  const { send } = await openWorld()
  const made = []
  for (let count = 0; count < 5; count += 1) made.unshift((await paidPayment(send)).id)
  await paidPayment(send, 'bob')
  const seen = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '?limit=2' : `?limit=2&cursor=${cursor}`
    const { status, body } = await send('GET', `/api/v1/users/alice/payments${query}`)
    expect(status).toBe(200)
    expect(body.has_more).toBe(body.next_cursor !== null)
    seen.push(...body.data.map(({ id }: { id: string }) => id))
    cursor = body.next_cursor
  } while (cursor !== null)
  expect(seen).toEqual(made)
  expect((await send('GET', '/api/v1/users/nobody-yet/payments')).body).toEqual({
    data: [],
    has_more: false,
    next_cursor: null,
  })
})

test.each([
  { why: 'a page of none', query: 'limit=0', field: 'limit' },
  { why: 'a page of too many', query: 'limit=101', field: 'limit' },
  { why: 'a limit that is no number', query: 'limit=ten', field: 'limit' },
  { why: 'a cursor that no list gave out', query: 'cursor=abc', field: 'cursor' },
  { why: 'a filter that there is not', query: 'limt=5', field: 'limt' },
])('refuses $why', async ({ query, field }) => {
  const { send } = await openWorld()
  const { status, body } = await send('GET', `/api/v1/users/alice/payments?${query}`)
  expect(status).toBe(422)
  expect(body).toMatchObject({ code: 'input_invalid', errors: [{ field }] })
})

test.each([
  { why: 'is unknown', id: 'tx_01jdcqfz4xe0g8r2h7m5v9k3ta' },
  { why: 'is of another kind', id: 'refund_01jdcqfz4xe0g8r2h7m5v9k3ta' },
  { why: 'no payment can have', id: '%2e%2e%2fetc' },
])('answers 404 for an id that $why', async ({ id }) => {
  const { send } = await openWorld()
  expect(await send('GET', `/api/v1/payments/${id}`)).toMatchObject({
    status: 404,
    body: { code: 'payment_not_found' },
  })
  expect(await send('POST', `/api/v1/payments/${id}/cancel`)).toMatchObject({
    status: 404,
    body: { code: 'payment_not_found' },
  })
})

test('answers 504 with the pending payment where Stripe does not answer, and the same key settles it', async () => {
  const { send, sandbox } = await openWorld()
  await paidPayment(send)
  sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents', method: 'POST', times: 10 })
  const body = { ...order, payment_method: 'pm_card_visa' }
  const lost = await send('POST', '/api/v1/payments', body, { key: 'lost' })
  expect(lost.status).toBe(504)
  expect(lost.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(lost.body).toMatchObject({
    status: 504,
    code: 'gateway_outcome_unknown',
    object_id: expect.stringMatching(/^tx_/),
    object_status: 'pending',
    operation_id: expect.stringMatching(/^operation_/),
  })
  expect((await send('GET', `/api/v1/payments/${lost.body.object_id}`)).body.status).toBe('pending')
  sandbox.faults.clear()
  const settled = await send('POST', '/api/v1/payments', body, { key: 'lost' })
  expect(settled).toMatchObject({ status: 201, body: { id: lost.body.object_id, status: 'succeeded' } })
  expect(sandbox.state.all('payment_intent')).toHaveLength(2)
})
