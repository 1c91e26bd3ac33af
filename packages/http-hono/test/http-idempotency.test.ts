import { expect, test } from 'vitest'
import { type Answer, openWorld } from './http-world.ts'

const order = { user_id: 'alice', amount: 1000, currency: 'USD', payment_method: 'pm_card_visa' }

test('does twenty equal requests at once only once', async () => {
  const { send, sandbox } = await openWorld()
  const pay = async (): Promise<Answer> => {
    const answer = await send('POST', '/api/v1/payments', order, { key: 'order-1' })
    if (answer.status !== 409) return answer
    expect(answer.body.code).toBe('operation_in_progress')
    expect(answer.headers.get('retry-after')).toBe('1')
    await new Promise((resolve) => setTimeout(resolve, 20))
    return pay()
  }
  const answers = await Promise.all(Array.from({ length: 20 }, pay))
  expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1)
  expect(answers[0]).toMatchObject({ status: 201, body: { status: 'succeeded' } })
  expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1)
  expect(new Set(answers.map(({ headers }) => headers.get('florin-operation'))).size).toBe(1)
  expect(sandbox.state.all('payment_intent')).toHaveLength(1)
})

test('replays a decline, whose key stays declined', async () => {
  const { send, sandbox } = await openWorld()
  const declining = { ...order, payment_method: 'pm_card_chargeDeclined' }
  const first = await send('POST', '/api/v1/payments', declining, { key: 'k' })
  const again = await send('POST', '/api/v1/payments', declining, { key: 'k' })
  expect(first.status).toBe(402)
  expect(again.status).toBe(402)
  expect({ ...again.body, request_id: '' }).toEqual({ ...first.body, request_id: '' })
  expect(again.headers.get('idempotent-replayed')).toBe('true')
  expect(sandbox.state.all('payment_intent')).toHaveLength(1)
})

test('refuses a key that was used for another body, and takes one that was refused before', async () => {
  const { send } = await openWorld()
  expect(await send('POST', '/api/v1/payments', { ...order, amount: -1 }, { key: 'k' })).toMatchObject({ status: 422 })
  expect(await send('POST', '/api/v1/payments', order, { key: 'k' })).toMatchObject({ status: 201 })
  const other = await send('POST', '/api/v1/payments', { ...order, amount: 2000 }, { key: 'k' })
  expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } })
  const reordered = Object.fromEntries(Object.entries(order).reverse())
  const same = await send('POST', '/api/v1/payments', reordered, { key: 'k' })
  expect(same.headers.get('idempotent-replayed')).toBe('true')
})

test('scopes a key to the caller, the kind of request and the object', async () => {
  const { send } = await openWorld()
  const mine = await send('POST', '/api/v1/payments', order, { key: 'k' })
  const others = await send('POST', '/api/v1/payments', order, { key: 'k', as: 'admin' })
  expect(others.body.id).not.toBe(mine.body.id)
  for (const { body } of [mine, others]) {
    const refund = { transaction_id: body.id, amount: 100 }
    expect((await send('POST', '/api/v1/refunds', refund, { key: `k-${body.id}` })).status).toBe(201)
  }
  const manual = { ...order, capture_method: 'manual' }
  const ids = [await send('POST', '/api/v1/payments', manual), await send('POST', '/api/v1/payments', manual)]
  for (const { body } of ids) {
    const canceled = await send('POST', `/api/v1/payments/${body.id}/cancel`, undefined, { key: 'k' })
    expect(canceled).toMatchObject({ status: 200, body: { id: body.id, status: 'canceled' } })
  }
})

test('permits before it replays', async () => {
  const { send } = await openWorld()
  const made = await send('POST', '/api/v1/payments', order, { key: 'k' })
  const body = { transaction_id: made.body.id }
  expect(await send('POST', '/api/v1/refunds', body, { key: 'r', as: 'support' })).toMatchObject({ status: 201 })
  expect(await send('POST', '/api/v1/refunds', body, { key: 'r', as: 'alice' })).toMatchObject({ status: 403 })
})

test.each([
  { why: 'is empty', key: '' },
  { why: 'is too long', key: 'x'.repeat(256) },
  { why: 'is not printable ASCII', key: 'caf\u00e9' },
])('refuses a key that $why', async ({ key }) => {
  const { send } = await openWorld()
  const answer = await send('POST', '/api/v1/payments', order, { key })
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'Idempotency-Key' }] } })
})

test('asks for a key where money moves, if that is switched on', async () => {
  const { send } = await openWorld({ settings: { requireIdempotencyKey: true } })
  const answer = await send('POST', '/api/v1/payments', order)
  expect(answer).toMatchObject({ status: 400, body: { code: 'idempotency_key_missing' } })
  expect(await send('POST', '/api/v1/payments', order, { key: 'k' })).toMatchObject({ status: 201 })
  const plan = { user_id: 'alice', price_id: 'price_1234567890', payment_method: 'pm_card_visa' }
  const subscribed = await send('POST', '/api/v1/subscriptions', plan)
  expect(subscribed).toMatchObject({ status: 400, body: { code: 'idempotency_key_missing' } })
  const card = { user_id: 'alice', payment_method: 'pm_card_visa' }
  expect(await send('POST', '/api/v1/payment-methods', card)).toMatchObject({ status: 201 })
})

test('replays an answer without a body', async () => {
  const { send } = await openWorld()
  const card = { user_id: 'alice', payment_method: 'pm_card_visa' }
  const { id } = (await send('POST', '/api/v1/payment-methods', card)).body
  const first = await send('DELETE', `/api/v1/payment-methods/${id}`, undefined, { key: 'k' })
  const again = await send('DELETE', `/api/v1/payment-methods/${id}`, undefined, { key: 'k' })
  expect([first.status, again.status]).toEqual([204, 204])
  expect(again.headers.get('idempotent-replayed')).toBe('true')
})
