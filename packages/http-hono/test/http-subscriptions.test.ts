import { expect, test } from 'vitest'
import { openWorld } from './http-world.ts'

test('subscribes with a trial, as the README does', async () => {
  const { send, basic } = await openWorld()
  const body = { user_id: 'user_123', price_id: basic, payment_method: 'pm_card_visa', trial_days: 14 }
  const answer = await send('POST', '/api/v1/subscriptions', body)
  expect(answer.status).toBe(201)
  expect(answer.body).toEqual({
    id: expect.stringMatching(/^subscription_/),
    object: 'subscription',
    created_at: expect.any(String),
    updated_at: expect.any(String),
    user_id: 'user_123',
    status: 'trialing',
    items: [
      {
        price_id: basic,
        quantity: 1,
        current_period_start: expect.stringMatching(/Z$/),
        current_period_end: expect.stringMatching(/Z$/),
      },
    ],
    current_period_start: expect.stringMatching(/Z$/),
    current_period_end: expect.stringMatching(/Z$/),
    trial_start: expect.stringMatching(/Z$/),
    trial_end: expect.stringMatching(/Z$/),
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    ended_at: null,
    client_secret: null,
    latest_invoice: expect.stringMatching(/^in_/),
    payment_method: expect.stringMatching(/^pm_/),
    metadata: {},
    stripe_subscription_id: expect.stringMatching(/^sub_/),
  })
  expect((await send('GET', `/api/v1/subscriptions/${answer.body.id}`)).body).toEqual(answer.body)
  const list = await send('GET', '/api/v1/users/user_123/subscriptions')
  expect(list.body.data).toEqual([answer.body])
})

test('changes, ends at the period, resumes, and ends at once', async () => {
  const { send, basic, better } = await openWorld()
  const body = { user_id: 'alice', price_id: basic, payment_method: 'pm_card_visa', metadata: { planId: 'a' } }
  const { id } = (await send('POST', '/api/v1/subscriptions', body)).body
  const path = `/api/v1/subscriptions/${id}`

  const changed = await send('PATCH', path, { price_id: better, quantity: 3, proration: 'none' })
  expect(changed).toMatchObject({ status: 200, body: { items: [{ price_id: better, quantity: 3 }] } })
  expect(changed.body.metadata).toEqual({ planId: 'a' })
  const ending = await send('DELETE', `${path}?at_period_end=true`)
  expect(ending).toMatchObject({ status: 200, body: { status: 'active', cancel_at_period_end: true } })
  const resumed = await send('POST', `${path}/resume`)
  expect(resumed).toMatchObject({ status: 200, body: { status: 'active', cancel_at_period_end: false } })
  const ended = await send('DELETE', path)
  expect(ended).toMatchObject({ status: 200, body: { status: 'canceled', ended_at: expect.any(String) } })

  expect(await send('POST', `${path}/resume`)).toMatchObject({
    status: 409,
    body: { code: 'subscription_not_resumable' },
  })
  expect(await send('PATCH', path, { quantity: 2 })).toMatchObject({
    status: 409,
    body: { code: 'subscription_not_updatable' },
  })
  expect(await send('DELETE', path)).toMatchObject({ status: 200, body: { status: 'canceled' } })
})

test('shows the invoices that webhooks told of', async () => {
  const { send, webhooks, basic } = await openWorld()
  const body = { user_id: 'alice', price_id: basic, payment_method: 'pm_card_visa' }
  const subscription = (await send('POST', '/api/v1/subscriptions', body)).body
  await webhooks()
  const list = await send('GET', '/api/v1/users/alice/invoices', undefined, { as: 'alice' })
  expect(list.body.data).toEqual([
    {
      id: expect.stringMatching(/^invoice_/),
      object: 'invoice',
      created_at: expect.any(String),
      updated_at: expect.any(String),
      user_id: 'alice',
      subscription_id: subscription.id,
      number: expect.any(String),
      status: 'paid',
      currency: 'USD',
      amount_due: 1000,
      amount_paid: 1000,
      amount_remaining: 0,
      billing_reason: 'subscription_create',
      attempt_count: expect.any(Number),
      next_payment_attempt: null,
      period_start: expect.any(String),
      period_end: expect.any(String),
      lines: [expect.objectContaining({ amount: 1000, quantity: 1, price_id: basic, proration: false })],
      has_more_lines: false,
      hosted_invoice_url: expect.any(String),
      invoice_pdf: expect.any(String),
      paid_at: expect.stringMatching(/Z$/),
      stripe_invoice_id: subscription.latest_invoice,
      stripe_payment_intent_id: expect.stringMatching(/^pi_/),
    },
  ])
  const [invoice] = list.body.data
  expect((await send('GET', `/api/v1/subscriptions/${subscription.id}/invoices`)).body.data).toEqual([invoice])
  expect((await send('GET', `/api/v1/invoices/${invoice.id}`)).body).toEqual(invoice)
  expect((await send('GET', `/api/v1/invoices/${subscription.latest_invoice}`)).body).toEqual(invoice)
})

test('lets a user subscribe to the prices that are open to it, and to no terms of its own', async () => {
  const closed = await openWorld()
  const as = { as: 'alice' }
  const card = { user_id: 'alice', payment_method: 'pm_card_visa' }
  const refused = await closed.send('POST', '/api/v1/subscriptions', { ...card, price_id: closed.basic }, as)
  expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } })

  const open = await openWorld({ settings: ({ basic }) => ({ subscribablePrices: [basic] }) })
  const body = { ...card, price_id: open.basic }
  const made = await open.send('POST', '/api/v1/subscriptions', body, as)
  expect(made).toMatchObject({ status: 201, body: { status: 'active' } })
  for (const terms of [{ trial_days: 30 }, { metadata: { a: 'b' } }]) {
    // Named as it was sent.
    const [field] = Object.keys(terms)
    expect(await open.send('POST', '/api/v1/subscriptions', { ...body, ...terms }, as)).toMatchObject({
      status: 403,
      body: { code: 'forbidden', detail: `${field}: cannot be set by a user`, errors: [{ field }] },
    })
  }
  const path = `/api/v1/subscriptions/${made.body.id}`
  for (const terms of [{ quantity: 2, proration: 'none' }, { metadata: { a: 'b' } }, { price_id: open.better }]) {
    expect(await open.send('PATCH', path, terms, as)).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  }
  expect(await open.send('PATCH', path, { cancel_at_period_end: true }, as)).toMatchObject({ status: 200 })
})

test.each([
  { why: 'a price that Stripe does not know', body: { price_id: 'price_unknown' }, field: 'price_id' },
  { why: 'a trial of no days', body: { price_id: 'price_1', trial_days: 0 }, field: 'trial_days' },
  { why: 'a trial over two years', body: { price_id: 'price_1', trial_days: 731 }, field: 'trial_days' },
  { why: 'half a seat', body: { price_id: 'price_1', quantity: 0.5 }, field: 'quantity' },
])('refuses $why', async ({ body, field }) => {
  const { send } = await openWorld()
  const answer = await send('POST', '/api/v1/subscriptions', {
    user_id: 'alice',
    payment_method: 'pm_card_visa',
    ...body,
  })
  expect(answer).toMatchObject({ status: 422, body: { code: 'input_invalid', errors: [{ field }] } })
})

test('knows no subscription and no invoice by ids of others', async () => {
  const { send } = await openWorld()
  for (const [method, path, body] of [
    ['GET', '/api/v1/subscriptions/subscription_1', undefined],
    ['GET', '/api/v1/subscriptions/in_1', undefined],
    ['GET', '/api/v1/subscriptions/sub_1/invoices', undefined],
    ['PATCH', '/api/v1/subscriptions/sub_1', { quantity: 2 }],
    ['POST', '/api/v1/subscriptions/sub_1/resume', undefined],
    ['DELETE', '/api/v1/subscriptions/sub_1', undefined],
  ] as const) {
    expect(await send(method, path, body)).toMatchObject({ status: 404, body: { code: 'subscription_not_found' } })
  }
  expect(await send('GET', '/api/v1/invoices/in_1')).toMatchObject({ status: 404, body: { code: 'invoice_not_found' } })
  expect(await send('PATCH', '/api/v1/subscriptions/sub_1', {})).toMatchObject({ status: 422 })
  const typo = await send('DELETE', '/api/v1/subscriptions/sub_1?at_period_ends=true')
  expect(typo).toMatchObject({ status: 422, body: { errors: [{ field: 'at_period_ends' }] } })
})
