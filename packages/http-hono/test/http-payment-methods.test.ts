import { expect, test } from 'vitest'
import { openWorld } from './http-world.ts'

const attach = { user_id: 'alice', payment_method: 'pm_card_visa' }

test('keeps a card, shows nothing of it that could be charged, and pays with it', async () => {
  const { send } = await openWorld()
  const { status, body } = await send(
    'POST',
    '/api/v1/payment-methods',
    { ...attach, set_default: true },
    { as: 'alice' },
  )
  expect(status).toBe(201)
  expect(body).toEqual({
    id: expect.stringMatching(/^method_/),
    object: 'payment_method',
    created_at: expect.any(String),
    updated_at: expect.any(String),
    user_id: 'alice',
    type: 'card',
    card: {
      brand: 'visa',
      last4: '4242',
      exp_month: expect.any(Number),
      exp_year: expect.any(Number),
      fingerprint: expect.any(String),
    },
    is_default: true,
    stripe_payment_method_id: expect.stringMatching(/^pm_/),
  })
  const payment = { user_id: 'alice', amount: 1000, currency: 'USD', payment_method: body.id }
  const paid = await send('POST', '/api/v1/payments', payment)
  expect(paid).toMatchObject({ status: 201, body: { payment_method: body.stripe_payment_method_id } })
})

test('lists, makes another one the default, and removes', async () => {
  const { send } = await openWorld()
  const first = (await send('POST', '/api/v1/payment-methods', { ...attach, set_default: true })).body
  const second = (await send('POST', '/api/v1/payment-methods', { ...attach, payment_method: 'pm_card_amex' })).body
  const list = async () =>
    (await send('GET', '/api/v1/users/alice/payment-methods', undefined, { as: 'alice' })).body.data.map(
      ({ id, is_default }: { id: string; is_default: boolean }) => [id, is_default],
    )
  expect(await list()).toEqual([
    [second.id, false],
    [first.id, true],
  ])
  const chosen = await send('POST', `/api/v1/payment-methods/${second.id}/default`, undefined, { as: 'alice' })
  expect(chosen).toMatchObject({ status: 200, body: { id: second.id, is_default: true } })
  const removed = await send('DELETE', `/api/v1/payment-methods/${first.id}`, undefined, { as: 'alice' })
  expect(removed).toMatchObject({ status: 204, body: '' })
  expect(await send('DELETE', `/api/v1/payment-methods/${first.id}`)).toMatchObject({ status: 204 })
  expect(await list()).toEqual([[second.id, true]])
  expect(await send('POST', `/api/v1/payment-methods/${first.id}/default`)).toMatchObject({
    status: 409,
    body: { code: 'payment_method_unusable' },
  })
})

test('does not keep a card that is declined', async () => {
  const { send } = await openWorld()
  const body = { ...attach, payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds' }
  const answer = await send('POST', '/api/v1/payment-methods', body)
  expect(answer).toMatchObject({
    status: 402,
    body: { code: 'payment_method_declined', decline_code: 'insufficient_funds', gateway_code: 'card_declined' },
  })
  expect((await send('GET', '/api/v1/users/alice/payment-methods')).body.data).toEqual([])
})

test('begins to collect a card with Stripe.js', async () => {
  const { send } = await openWorld()
  const { status, body } = await send('POST', '/api/v1/payment-methods/setup', { user_id: 'alice' }, { as: 'alice' })
  expect(status).toBe(201)
  expect(body).toEqual({
    id: expect.stringMatching(/^seti_/),
    object: 'setup_intent',
    user_id: 'alice',
    status: 'requires_payment_method',
    client_secret: expect.stringContaining('_secret_'),
  })
})

test.each([
  { method: 'DELETE', path: '/api/v1/payment-methods/method_1' },
  { method: 'DELETE', path: '/api/v1/payment-methods/tx_1' },
  { method: 'POST', path: '/api/v1/payment-methods/method_1/default' },
])('knows no method at $method $path', async ({ method, path }) => {
  const { send } = await openWorld()
  expect(await send(method, path)).toMatchObject({ status: 404, body: { code: 'payment_method_not_found' } })
})
