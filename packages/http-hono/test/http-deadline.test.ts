import { expect, test } from 'vitest'
import { openWorld } from './http-world.ts'

const order = { user_id: 'alice', amount: 1000, currency: 'USD', payment_method: 'pm_card_visa' }

test('an operation that is not answered in time is 504 with its ids, goes on, and is answered to the same key', async () => {
  const { send, sandbox } = await openWorld({ app: { answerWithinMs: 500 } })
  await send('POST', '/api/v1/payment-methods', { user_id: 'alice', payment_method: 'pm_card_visa' })
  sandbox.faults.inject({ kind: 'stall', method: 'POST', path: '/v1/payment_intents', delay_ms: 2000 })
  const late = await send('POST', '/api/v1/payments', order, { key: 'k' })
  expect(late).toMatchObject({
    status: 504,
    body: {
      ...{ code: 'gateway_outcome_unknown', object_status: 'pending' },
      ...{ object_id: expect.stringMatching(/^tx_/), operation_id: expect.stringMatching(/^operation_/) },
    },
  })
  expect(late.headers.get('retry-after')).toBe('5')
  const path = `/api/v1/payments/${late.body.object_id}`
  await expect.poll(async () => (await send('GET', path)).body.status, { timeout: 10_000 }).toBe('succeeded')
  const again = await send('POST', '/api/v1/payments', order, { key: 'k' })
  expect(again).toMatchObject({ status: 201, body: { id: late.body.object_id, status: 'succeeded' } })
  expect(sandbox.state.all('payment_intent')).toHaveLength(1)
})

test('one that was not begun in time is 503, and never begins', async () => {
  const { send, sandbox } = await openWorld({ app: { answerWithinMs: 500 } })
  // The user's customer has to be made first: the payment is not begun before that.
  sandbox.faults.inject({ kind: 'stall', method: 'POST', path: '/v1/customers', delay_ms: 1500 })
  const late = await send('POST', '/api/v1/payments', order, { key: 'k' })
  expect(late).toMatchObject({ status: 503, body: { code: 'overloaded' } })
  expect(late.headers.get('retry-after')).toBe('2')
  expect(late.body.operation_id).toBeUndefined()
  // The customer is there only once the work of that request has come to where the payment would begin.
  const begin = () => send('POST', '/api/v1/payments', { ...order, user_id: 'alice', amount: 2000 }, { key: 'other' })
  await expect.poll(async () => (await begin()).status, { timeout: 10_000 }).toBe(201)
  expect((await send('GET', '/api/v1/users/alice/payments')).body.data).toHaveLength(1)
  expect(await send('POST', '/api/v1/payments', order, { key: 'k' })).toMatchObject({ status: 201 })
})
