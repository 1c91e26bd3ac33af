import type Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { at, day, monthly, openBilling } from '../../test/billing-rig.ts'

const urls = { success_url: 'https://florin.invalid/ok', cancel_url: 'https://florin.invalid/no' }

const oneOff: Stripe.Checkout.SessionCreateParams.LineItem = {
  price_data: { currency: 'usd', unit_amount: 1500, product_data: { name: 'Book' } },
  quantity: 2,
}

describe('checkout', () => {
  test('a payment: the PaymentIntent is made when the customer pays', async () => {
    const { stripe, sandbox, customer, eventsOf } = await openBilling()
    const session = await stripe.checkout.sessions.create({
      ...urls,
      mode: 'payment',
      customer,
      line_items: [oneOff],
      metadata: { order: '7' },
      client_reference_id: 'ref',
      payment_intent_data: { metadata: { order: '7' }, setup_future_usage: 'off_session' },
      expand: ['line_items'],
    })
    expect(session).toMatchObject({
      id: expect.stringMatching(/^cs_test_\w{58}$/),
      status: 'open',
      payment_status: 'unpaid',
      payment_intent: null,
      amount_total: 3000,
      currency: 'usd',
      url: `https://checkout.stripe.com/c/pay/${session.id}`,
      expires_at: at('2026-11-02'),
      line_items: { data: [{ description: 'Book', quantity: 2, amount_total: 3000 }] },
    })
    expect(await stripe.checkout.sessions.retrieve(session.id)).not.toHaveProperty('line_items')
    await sandbox.control('POST', `/checkout/sessions/${session.id}/complete`)
    const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] })
    expect(done).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      url: null,
      customer_details: { email: 'billing@florin.invalid' },
      payment_intent: { status: 'succeeded', amount: 3000, customer, metadata: { order: '7' } },
    })
    await sandbox.webhooks.settled()
    expect(eventsOf('checkout.session.completed').map(({ data }) => data.object)).toMatchObject([{ id: session.id }])
    await expect(sandbox.control('POST', `/checkout/sessions/${session.id}/complete`)).rejects.toThrow('complete')
    await expect(stripe.checkout.sessions.expire(session.id)).rejects.toMatchObject({ statusCode: 400 })
    const intent = done.payment_intent
    expect(
      (await stripe.checkout.sessions.list({ payment_intent: typeof intent === 'object' ? (intent?.id ?? '') : '' }))
        .data,
    ).toHaveLength(1)
  })

  test('a declined card leaves the session open for another one', async () => {
    const { stripe, sandbox, eventsOf } = await openBilling()
    const { id } = await stripe.checkout.sessions.create({ ...urls, mode: 'payment', line_items: [oneOff] })
    expect(
      await sandbox.control('POST', `/checkout/sessions/${id}/complete`, { payment_method: 'pm_card_chargeDeclined' }),
    ).toMatchObject({ session: { status: 'open' }, error: { code: 'card_declined' } })
    expect(
      await sandbox.control('POST', `/checkout/sessions/${id}/complete`, { email: 'guest@florin.invalid' }),
    ).toMatchObject({
      session: { status: 'complete', customer: null, customer_details: { email: 'guest@florin.invalid' } },
    })
    expect((await stripe.paymentIntents.list()).data).toHaveLength(1)
    await sandbox.webhooks.settled()
    expect(eventsOf('payment_intent.payment_failed')).toHaveLength(1)
  })

  test('a card that asks for authentication completes it afterwards', async () => {
    const { stripe, sandbox } = await openBilling()
    const { id } = await stripe.checkout.sessions.create({ ...urls, mode: 'payment', line_items: [oneOff] })
    await sandbox.control('POST', `/checkout/sessions/${id}/complete`, {
      payment_method: 'pm_card_authenticationRequired',
    })
    const waiting = await stripe.checkout.sessions.retrieve(id)
    expect(waiting.status).toBe('open')
    await sandbox.control('POST', `/payment_intents/${String(waiting.payment_intent)}/authenticate`, {
      outcome: 'succeed',
    })
    expect(await stripe.checkout.sessions.retrieve(id)).toMatchObject({ status: 'complete', payment_status: 'paid' })
  })

  test('a subscription, with a customer made on the way', async () => {
    const { stripe, sandbox } = await openBilling()
    const { id } = await stripe.checkout.sessions.create({
      ...urls,
      mode: 'subscription',
      customer_email: 'new@florin.invalid',
      line_items: [{ price: monthly, quantity: 2 }],
      subscription_data: { metadata: { seat: '2' } },
    })
    await expect(
      sandbox.control('POST', `/checkout/sessions/${id}/complete`, { payment_method: 'pm_card_chargeCustomerFail' }),
    ).resolves.toMatchObject({ session: { status: 'open' }, error: { code: 'card_declined' } })
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([])
    await sandbox.control('POST', `/checkout/sessions/${id}/complete`)
    const done = await stripe.checkout.sessions.retrieve(id, { expand: ['subscription', 'invoice', 'customer'] })
    expect(done).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      subscription: { status: 'active', metadata: { seat: '2' } },
      invoice: { status: 'paid', total: 4000 },
      customer: { email: 'new@florin.invalid' },
    })
    expect((await stripe.subscriptions.list()).data).toHaveLength(1)
  })

  test('a trial needs no payment yet', async () => {
    const { stripe, sandbox, customer } = await openBilling()
    const { id, amount_total: due } = await stripe.checkout.sessions.create({
      ...urls,
      mode: 'subscription',
      customer,
      line_items: [{ price: monthly, quantity: 1 }],
      subscription_data: { trial_period_days: 14 },
    })
    expect(due).toBe(0)
    await sandbox.control('POST', `/checkout/sessions/${id}/complete`)
    expect(await stripe.checkout.sessions.retrieve(id, { expand: ['subscription'] })).toMatchObject({
      status: 'complete',
      payment_status: 'no_payment_required',
      subscription: { status: 'trialing' },
    })
  })

  test('a set-up saves a card', async () => {
    const { stripe, sandbox, customer } = await openBilling()
    const { id, setup_intent: setup } = await stripe.checkout.sessions.create({
      ...urls,
      mode: 'setup',
      customer,
      currency: 'usd',
    })
    expect(setup).toMatch(/^seti_/)
    await sandbox.control('POST', `/checkout/sessions/${id}/complete`, { payment_method: 'pm_card_mastercard' })
    expect(await stripe.checkout.sessions.retrieve(id, { expand: ['setup_intent.payment_method'] })).toMatchObject({
      status: 'complete',
      payment_status: 'no_payment_required',
      setup_intent: { status: 'succeeded', payment_method: { customer, card: { brand: 'mastercard' } } },
    })
  })

  test('it expires by itself or on request', async () => {
    const { stripe, sandbox, eventsOf } = await openBilling()
    const open = () => stripe.checkout.sessions.create({ ...urls, mode: 'payment', line_items: [oneOff] })
    const first = await open()
    expect(await stripe.checkout.sessions.expire(first.id)).toMatchObject({ status: 'expired', url: null })
    const second = await open()
    await sandbox.clock.advance(day)
    expect(await stripe.checkout.sessions.retrieve(second.id)).toMatchObject({ status: 'expired' })
    expect(eventsOf('checkout.session.expired')).toHaveLength(2)
    expect((await stripe.checkout.sessions.listLineItems(second.id)).data).toHaveLength(1)
  })

  test.each([
    { why: 'no items', params: { mode: 'payment' }, param: 'line_items' },
    {
      why: 'a recurring price in payment mode',
      params: { mode: 'payment', line_items: [{ price: monthly }] },
      param: 'line_items',
    },
    {
      why: 'only one-off prices in subscription mode',
      params: { mode: 'subscription', line_items: [oneOff] },
      param: 'line_items',
    },
    {
      why: 'an unknown price',
      params: { mode: 'payment', line_items: [{ price: 'price_no' }] },
      param: 'line_items[0][price]',
    },
    { why: 'a set-up without a currency', params: { mode: 'setup' }, param: 'currency' },
    { why: 'too short a life', params: { mode: 'payment', line_items: [oneOff], expires_at: 5 }, param: 'expires_at' },
    {
      why: 'embedded pages, which are not imitated',
      params: { mode: 'payment', line_items: [oneOff], ui_mode: 'embedded_page' },
      param: 'ui_mode',
    },
  ])('refuses $why', async ({ params, param }) => {
    const { stripe } = await openBilling()
    await expect(stripe.checkout.sessions.create({ ...urls, ...params })).rejects.toMatchObject({
      statusCode: 400,
      param,
    })
  })
})

describe('billing portal', () => {
  test('a session is a link', async () => {
    const { stripe, subscribe, customer } = await openBilling()
    const { id: subscription } = await subscribe()
    const session = await stripe.billingPortal.sessions.create({
      customer,
      return_url: 'https://florin.invalid/back',
      flow_data: { type: 'subscription_cancel', subscription_cancel: { subscription } },
    })
    expect(session).toMatchObject({
      customer,
      return_url: 'https://florin.invalid/back',
      url: expect.stringMatching(/^https:\/\/billing\.stripe\.com\/p\/session\/test_/),
      flow: { type: 'subscription_cancel', subscription_cancel: { subscription } },
    })
    await expect(stripe.billingPortal.sessions.create({ customer: 'cus_nope' })).rejects.toMatchObject({
      statusCode: 400,
      param: 'customer',
    })
    await expect(
      stripe.billingPortal.sessions.create({ customer, flow_data: { type: 'subscription_cancel' } }),
    ).rejects.toMatchObject({ param: 'flow_data[subscription_cancel][subscription]' })
  })
})
