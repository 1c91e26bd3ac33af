import { describe, expect, test } from 'vitest'
import { at, day, dearer, hour, monthly, openBilling, yearly } from '../../test/billing-rig.ts'

describe('creating subscriptions', () => {
  test('the first invoice is issued and paid at once', async () => {
    const { sandbox, stripe, subscribe, news, customer, card } = await openBilling()
    const subscription = await subscribe({ metadata: { plan: 'gold' }, expand: ['latest_invoice.payments'] })
    expect(subscription).toMatchObject({
      status: 'active',
      customer,
      default_payment_method: card,
      billing_cycle_anchor: at('2026-11-01'),
      billing_mode: { type: 'flexible' },
      cancel_at: null,
      currency: 'usd',
      metadata: { plan: 'gold' },
      trial_end: null,
    })
    expect(subscription.items.data).toMatchObject([
      {
        quantity: 1,
        current_period_start: at('2026-11-01'),
        current_period_end: at('2026-12-01'),
        price: { id: monthly },
      },
    ])
    expect(subscription).not.toHaveProperty('current_period_end')
    expect(subscription.latest_invoice).toMatchObject({
      status: 'paid',
      billing_reason: 'subscription_create',
      amount_due: 2000,
      amount_paid: 2000,
      amount_remaining: 0,
      attempt_count: 1,
      number: expect.stringMatching(/^[0-9A-Z]{8}-0001$/),
      hosted_invoice_url: expect.stringContaining('https://invoice.stripe.com/i/acct_'),
      invoice_pdf: expect.stringContaining('/pdf'),
      parent: { type: 'subscription_details', subscription_details: { subscription: subscription.id } },
      payments: { data: [{ status: 'paid', amount_paid: 2000, payment: { type: 'payment_intent' } }] },
      lines: { data: [{ amount: 2000, quantity: 1, pricing: { price_details: { price: monthly } } }] },
    })
    for (const gone of ['paid', 'subscription', 'payment_intent', 'charge', 'tax', 'discount']) {
      expect(subscription.latest_invoice).not.toHaveProperty(gone)
    }
    await sandbox.webhooks.settled()
    expect(news()).toEqual([
      'invoice.created',
      'customer.updated',
      'payment_intent.created',
      'invoice.finalized',
      'customer.subscription.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.updated',
      'invoice.paid',
      'customer.subscription.updated',
      'invoice.payment_succeeded',
    ])
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      id: subscription.id,
      status: 'active',
    })
  })

  test('the payment is found from the PaymentIntent, and events carry no expanded fields', async () => {
    const { stripe, subscribe, latestInvoice, eventsOf, sandbox } = await openBilling()
    const invoice = await latestInvoice((await subscribe()).id)
    const intent = invoice.payments?.data[0]?.payment.payment_intent
    expect(typeof intent).toBe('string')
    const found = await stripe.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent: String(intent) },
    })
    expect(found.data).toMatchObject([{ invoice: invoice.id, status: 'paid', is_default: true }])
    expect((await stripe.invoicePayments.list({ invoice: invoice.id })).data).toHaveLength(1)
    expect(await stripe.invoicePayments.retrieve(found.data[0]?.id ?? '')).toMatchObject({ amount_requested: 2000 })
    await sandbox.webhooks.settled()
    for (const event of eventsOf('invoice.paid')) {
      expect(event.data.object).not.toHaveProperty('payments')
      expect(event.data.object).not.toHaveProperty('confirmation_secret')
    }
  })

  test('default_incomplete waits for the customer, who pays by the client secret', async () => {
    const { stripe, sandbox, subscribe, news, card } = await openBilling()
    const subscription = await subscribe({
      payment_behavior: 'default_incomplete',
      expand: ['latest_invoice.confirmation_secret', 'latest_invoice.payments'],
    })
    expect(subscription.status).toBe('incomplete')
    const invoice = subscription.latest_invoice
    if (invoice === null || typeof invoice === 'string') throw new Error('not expanded')
    expect(invoice).toMatchObject({ status: 'open', attempted: false, attempt_count: 0, next_payment_attempt: null })
    const intent = String(invoice.payments?.data[0]?.payment.payment_intent)
    expect(invoice.confirmation_secret).toMatchObject({
      client_secret: expect.stringMatching(new RegExp(`^${intent}_secret_`)),
      type: 'payment_intent',
    })
    await sandbox.webhooks.settled()
    news()
    await stripe.paymentIntents.confirm(intent, { payment_method: card })
    await sandbox.webhooks.settled()
    expect(news()).toEqual(expect.arrayContaining(['invoice.paid', 'customer.subscription.updated']))
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active' })
  })

  test('allow_incomplete answers 200 for a declined card, and a new card heals it', async () => {
    const { stripe, sandbox, subscribe, latestInvoice, eventsOf, replaceCard } =
      await openBilling('pm_card_chargeCustomerFail')
    const subscription = await subscribe()
    expect(subscription.status).toBe('incomplete')
    const invoice = await latestInvoice(subscription.id)
    expect(invoice).toMatchObject({ status: 'open', attempted: true, attempt_count: 1, next_payment_attempt: null })
    await sandbox.webhooks.settled()
    expect(eventsOf('invoice.payment_failed')).toHaveLength(1)
    const good = await replaceCard('pm_card_visa')
    const paid = await stripe.invoices.pay(invoice.id, { payment_method: good })
    expect(paid).toMatchObject({ status: 'paid', attempt_count: 1 })
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active' })
  })

  test('error_if_incomplete answers 402 and leaves nothing behind', async () => {
    const { stripe, sandbox, subscribe, news } = await openBilling('pm_card_chargeCustomerFail')
    const before = sandbox.state.snapshot()
    await expect(subscribe({ payment_behavior: 'error_if_incomplete' })).rejects.toMatchObject({
      statusCode: 402,
      code: 'card_declined',
      decline_code: 'generic_decline',
    })
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([])
    expect((await stripe.invoices.list()).data).toEqual([])
    await sandbox.webhooks.settled()
    expect(news()).toEqual([])
    expect(sandbox.state.snapshot().tasks).toEqual(before.tasks)
  })

  test('a card that asks for authentication leaves the subscription incomplete until the customer has done it', async () => {
    const { stripe, sandbox, subscribe, latestInvoice, eventsOf } = await openBilling('pm_card_authenticationRequired')
    const subscription = await subscribe()
    expect(subscription.status).toBe('incomplete')
    const invoice = await latestInvoice(subscription.id)
    const intent = String(invoice.payments?.data[0]?.payment.payment_intent)
    expect(await stripe.paymentIntents.retrieve(intent)).toMatchObject({ status: 'requires_action' })
    await sandbox.webhooks.settled()
    expect(eventsOf('invoice.payment_action_required')).toHaveLength(1)
    await sandbox.control('POST', `/payment_intents/${intent}/authenticate`, { outcome: 'succeed' })
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active' })
    await expect(subscribe({ payment_behavior: 'error_if_incomplete' })).rejects.toMatchObject({
      statusCode: 402,
      code: 'subscription_payment_intent_requires_action',
    })
  })

  test('after 23 hours without payment it is incomplete_expired and its invoice void', async () => {
    const { stripe, sandbox, subscribe, latestInvoice, eventsOf } = await openBilling()
    const { id } = await subscribe({ payment_behavior: 'default_incomplete' })
    await sandbox.clock.advance(23 * hour - 1)
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'incomplete' })
    await sandbox.clock.advance(1)
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      status: 'incomplete_expired',
      ended_at: sandbox.clock.now(),
    })
    const invoice = await latestInvoice(id)
    expect(invoice.status).toBe('void')
    const intent = String(invoice.payments?.data[0]?.payment.payment_intent)
    expect(await stripe.paymentIntents.retrieve(intent)).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'void_invoice',
    })
    expect(eventsOf('invoice.voided')).toHaveLength(1)
    expect(eventsOf('customer.subscription.updated').at(-1)?.data).toMatchObject({
      object: { status: 'incomplete_expired' },
      previous_attributes: { status: 'incomplete' },
    })
    await sandbox.clock.advance(60 * day)
    expect((await stripe.invoices.list({ subscription: id })).data).toHaveLength(1)
  })

  test('save_default_payment_method keeps the card that has paid', async () => {
    const { stripe, customer, card } = await openBilling()
    const subscription = await stripe.subscriptions.create({
      customer,
      items: [{ price: monthly }],
      payment_behavior: 'default_incomplete',
      payment_settings: { save_default_payment_method: 'on_subscription' },
      expand: ['latest_invoice.payments'],
    })
    expect(subscription.default_payment_method).toBeNull()
    const invoice = subscription.latest_invoice
    const intent = typeof invoice === 'object' ? invoice?.payments?.data[0]?.payment.payment_intent : undefined
    await stripe.paymentIntents.confirm(String(intent), { payment_method: card })
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ default_payment_method: card })
  })

  test('several items, quantities and intervals', async () => {
    const { subscribe, latestInvoice, stripe } = await openBilling()
    const made = await subscribe({ items: [{ price: monthly, quantity: 3 }, { price: dearer }, { price: yearly }] })
    expect((await latestInvoice(made.id)).total).toBe(3 * 2000 + 5000 + 20_000)
    expect(made.items.data.map((item) => item.current_period_end)).toEqual([
      at('2026-12-01'),
      at('2026-12-01'),
      at('2027-11-01'),
    ])
    const { data } = await stripe.subscriptionItems.list({ subscription: made.id })
    expect(data.map((item) => item.quantity)).toEqual([3, 1, 1])
    await expect(
      subscribe({ billing_mode: { type: 'classic' }, items: [{ price: monthly }, { price: yearly }] }),
    ).rejects.toMatchObject({ statusCode: 400, message: expect.stringContaining('mismatch in interval field') })
  })

  test('an anchor ahead makes the first period short, and costs its share', async () => {
    const { subscribe, latestInvoice, sandbox } = await openBilling()
    const made = await subscribe({ billing_cycle_anchor: at('2026-11-16') })
    expect(made.items.data[0]).toMatchObject({ current_period_end: at('2026-11-16') })
    const first = await latestInvoice(made.id)
    // The cycle around it runs from 16 October to 16 November: 15 of 31 days.
    expect(first).toMatchObject({ total: Math.round((2000 * 15) / 31), status: 'paid' })
    await sandbox.clock.advanceTo(at('2026-11-17'))
    expect(await latestInvoice(made.id)).toMatchObject({ total: 2000, status: 'paid' })
    const unbilled = await subscribe({ billing_cycle_anchor: at('2026-12-01'), proration_behavior: 'none' })
    expect(await latestInvoice(unbilled.id)).toMatchObject({ total: 0, status: 'paid' })
  })

  test.each([
    {
      why: 'an unknown price',
      params: { items: [{ price: 'price_nope' }] },
      param: 'items[0][price]',
      code: 'resource_missing',
    },
    { why: 'an unknown customer', params: { customer: 'cus_nope' }, param: 'customer', code: 'resource_missing' },
    { why: 'no items', params: { items: [] }, param: 'items', code: 'parameter_missing' },
    {
      why: 'the same price twice',
      params: { items: [{ price: monthly }, { price: monthly }] },
      param: 'items',
      code: undefined,
    },
    { why: 'a past trial end', params: { trial_end: 5 }, param: 'trial_end', code: undefined },
    {
      why: 'both kinds of trial',
      params: { trial_end: 1_893_456_000, trial_period_days: 3 },
      param: 'trial_end',
      code: undefined,
    },
    {
      why: 'an anchor too far ahead',
      params: { billing_cycle_anchor: 1_893_456_000 },
      param: 'billing_cycle_anchor',
      code: undefined,
    },
    {
      why: 'a card that is not there',
      params: { default_payment_method: 'pm_nope' },
      param: 'default_payment_method',
      code: 'resource_missing',
    },
    {
      why: 'what the sandbox does not imitate',
      params: { transfer_data: { destination: 'acct_1' } },
      param: 'transfer_data',
      code: 'sandbox_unsupported',
    },
  ])('refuses $why', async ({ params, param, code }) => {
    const { subscribe, stripe } = await openBilling()
    await expect(subscribe(params)).rejects.toMatchObject({ statusCode: 400, param, code })
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([])
  })

  test('without a card it is refused, unless nothing is due or nothing is charged yet', async () => {
    const { stripe } = await openBilling()
    const { id: customer } = await stripe.customers.create()
    const items = [{ price: monthly }]
    await expect(stripe.subscriptions.create({ customer, items })).rejects.toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
      message: expect.stringContaining('This customer has no attached payment source or default payment method'),
      headers: { 'stripe-should-retry': 'false' },
    })
    const waiting = await stripe.subscriptions.create({ customer, items, payment_behavior: 'default_incomplete' })
    expect(waiting.status).toBe('incomplete')
    const trial = await stripe.subscriptions.create({ customer, items, trial_period_days: 7 })
    expect(trial.status).toBe('trialing')
  })

  test('lists leave out canceled ones, and filter', async () => {
    const { stripe, subscribe, customer } = await openBilling()
    const kept = await subscribe()
    const gone = await subscribe({ items: [{ price: dearer }] })
    await stripe.subscriptions.cancel(gone.id)
    const ids = async (params: Parameters<typeof stripe.subscriptions.list>[0]) =>
      (await stripe.subscriptions.list(params)).data.map(({ id }) => id)
    expect(await ids({ customer })).toEqual([kept.id])
    expect(await ids({ status: 'canceled' })).toEqual([gone.id])
    expect(await ids({ status: 'all' })).toEqual([gone.id, kept.id])
    expect(await ids({ status: 'ended' })).toEqual([gone.id])
    expect(await ids({ price: dearer })).toEqual([])
    expect(await ids({ price: dearer, status: 'all' })).toEqual([gone.id])
    expect(await ids({ customer: 'cus_other', status: 'all' })).toEqual([])
  })

  test('requests pinned before clover make classic subscriptions', async () => {
    const { stripe, customer, card } = await openBilling()
    const made = await stripe.subscriptions.create(
      { customer, items: [{ price: monthly }], default_payment_method: card },
      { apiVersion: '2025-08-27.basil' },
    )
    expect(made.billing_mode.type).toBe('classic')
  })

  test('a period that ends before the first payment is billed once it was made', async () => {
    const { stripe, sandbox, subscribe, latestInvoice, card } = await openBilling()
    const soon = at('2026-11-01') + 2 * hour
    const { id } = await subscribe({
      items: [{ price: monthly, quantity: 50 }],
      billing_cycle_anchor: soon,
      payment_behavior: 'default_incomplete',
    })
    const first = await latestInvoice(id)
    await sandbox.clock.advance(5 * hour)
    expect((await latestInvoice(id)).id).toBe(first.id)
    await stripe.paymentIntents.confirm(String(first.payments?.data[0]?.payment.payment_intent), {
      payment_method: card,
    })
    await sandbox.clock.advance(2 * hour)
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      status: 'active',
      items: { data: [{ current_period_start: soon }] },
    })
    expect(await latestInvoice(id)).toMatchObject({
      status: 'paid',
      total: 100_000,
      billing_reason: 'subscription_cycle',
    })
  })
})
