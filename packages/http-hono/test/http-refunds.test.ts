import { expect, test } from 'vitest'
import { openWorld, paidPayment } from './http-world.ts'

test('refunds a part, then the rest, and never more', async () => {
  const { send } = await openWorld()
  const { id } = await paidPayment(send)
  const part = { transaction_id: id, amount: 300, reason: 'requested_by_customer' }
  const { status, body } = await send('POST', '/api/v1/refunds', part)
  expect(status).toBe(201)
  expect(body).toEqual({
    id: expect.stringMatching(/^refund_/),
    object: 'refund',
    created_at: expect.any(String),
    updated_at: expect.any(String),
    transaction_id: id,
    user_id: 'alice',
    amount: 300,
    currency: 'USD',
    status: 'succeeded',
    reason: 'requested_by_customer',
    failure_reason: null,
    stripe_refund_id: expect.stringMatching(/^re_/),
  })
  const tooMuch = await send('POST', '/api/v1/refunds', { transaction_id: id, amount: 701 })
  expect(tooMuch).toMatchObject({ status: 409, body: { code: 'refund_exceeds_captured' } })
  const rest = await send('POST', '/api/v1/refunds', { transaction_id: id }, { as: 'support' })
  expect(rest).toMatchObject({ status: 201, body: { amount: 700 } })
  expect((await send('GET', `/api/v1/payments/${id}`)).body.amount_refunded).toBe(1000)

  expect((await send('GET', `/api/v1/refunds/${body.id}`)).body).toEqual(body)
  const list = await send('GET', `/api/v1/payments/${id}/refunds?limit=1`, undefined, { as: 'alice' })
  expect(list.body).toMatchObject({ data: [{ id: rest.body.id }], has_more: true })
  const next = await send('GET', `/api/v1/payments/${id}/refunds?limit=1&cursor=${list.body.next_cursor}`)
  expect(next.body).toEqual({ data: [body], has_more: false, next_cursor: null })
})

test.each([
  { why: 'of a payment that is not there', body: { transaction_id: 'tx_123' }, status: 404, code: 'payment_not_found' },
  { why: 'of nothing', body: { transaction_id: 'tx_123', amount: 0 }, status: 422, code: 'input_invalid' },
  {
    why: 'for no reason of ours',
    body: { transaction_id: 'tx_123', reason: 'why not' },
    status: 422,
    code: 'input_invalid',
  },
  { why: 'without a payment', body: {}, status: 422, code: 'input_invalid' },
])('refuses a refund $why', async ({ body, status, code }) => {
  const { send } = await openWorld()
  expect(await send('POST', '/api/v1/refunds', body)).toMatchObject({ status, body: { code } })
})

test('refuses to refund a payment that did not go through', async () => {
  const { send } = await openWorld()
  const open = (await send('POST', '/api/v1/payments', { user_id: 'alice', amount: 1000, currency: 'USD' })).body
  const answer = await send('POST', '/api/v1/refunds', { transaction_id: open.id })
  expect(answer).toMatchObject({ status: 409, body: { code: 'payment_not_refundable' } })
})

test('knows no refund by an id of another kind', async () => {
  const { send } = await openWorld()
  for (const id of ['refund_01jdcqfz4xe0g8r2h7m5v9k3ta', 'tx_1', 're_unknown']) {
    expect(await send('GET', `/api/v1/refunds/${id}`)).toMatchObject({
      status: 404,
      body: { code: 'refund_not_found' },
    })
  }
  const list = await send('GET', '/api/v1/payments/tx_1/refunds')
  expect(list).toMatchObject({ status: 404, body: { code: 'payment_not_found' } })
})

test('shows the disputes that webhooks told of', async () => {
  const { send, webhooks } = await openWorld()
  const body = { user_id: 'alice', amount: 1000, currency: 'USD', payment_method: 'pm_card_createDispute' }
  const payment = (await send('POST', '/api/v1/payments', body)).body
  await webhooks()
  const list = await send('GET', `/api/v1/payments/${payment.id}/disputes`, undefined, { as: 'alice' })
  expect(list.body.data).toEqual([
    {
      id: expect.stringMatching(/^dispute_/),
      object: 'dispute',
      created_at: expect.any(String),
      updated_at: expect.any(String),
      transaction_id: payment.id,
      user_id: 'alice',
      amount: 1000,
      currency: 'USD',
      status: expect.any(String),
      reason: expect.any(String),
      evidence_due_by: expect.stringMatching(/Z$/),
      stripe_dispute_id: expect.stringMatching(/^d[pu]_/),
    },
  ])
  const [dispute] = list.body.data
  expect((await send('GET', `/api/v1/disputes/${dispute.id}`)).body).toEqual(dispute)
  expect((await send('GET', `/api/v1/disputes/${dispute.stripe_dispute_id}`)).body).toEqual(dispute)
  const unknown = await send('GET', '/api/v1/disputes/dispute_1')
  expect(unknown).toMatchObject({ status: 404, body: { code: 'dispute_not_found' } })
})
