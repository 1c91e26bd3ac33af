import { describe, expect, test } from 'vitest'
import { at, type BillingRig, day, hour, monthly, openBilling, yearly } from '../../test/billing-rig.ts'

const periods = async ({ stripe }: BillingRig, id: string): Promise<string[]> => {
  const { items } = await stripe.subscriptions.retrieve(id)
  return items.data.map(
    (item) =>
      `${new Date(item.current_period_start * 1000).toISOString().slice(0, 10)}..${new Date(item.current_period_end * 1000).toISOString().slice(0, 10)}`,
  )
}

describe('renewals', () => {
  test('a draft for an hour, then finalised and paid', async () => {
    const rig = await openBilling()
    const { sandbox, subscribe, latestInvoice, eventsOf, news } = rig
    const { id, latest_invoice: first } = await subscribe()
    await sandbox.webhooks.settled()
    await sandbox.clock.advance(1)
    news()
    await sandbox.clock.advanceTo(at('2026-12-01'))
    const draft = await latestInvoice(id)
    expect(draft).toMatchObject({
      status: 'draft',
      billing_reason: 'subscription_cycle',
      amount_due: 2000,
      number: null,
      auto_advance: true,
      automatically_finalizes_at: at('2026-12-01') + hour,
      next_payment_attempt: at('2026-12-01') + hour,
      period_start: at('2026-11-01'),
      period_end: at('2026-12-01'),
      lines: { data: [{ period: { start: at('2026-12-01'), end: at('2027-01-01') } }] },
      payments: { data: [] },
    })
    expect(await periods(rig, id)).toEqual(['2026-12-01..2027-01-01'])
    expect(news()).toEqual(['invoice.created', 'customer.subscription.updated'])
    const moved = eventsOf('customer.subscription.updated').at(-1)
    expect(moved?.request).toEqual({ id: null, idempotency_key: null })
    expect(moved?.data.previous_attributes).toEqual({
      items: { data: [expect.objectContaining({ current_period_end: at('2026-12-01') })] },
      latest_invoice: first,
    })
    await sandbox.clock.advance(hour)
    expect(await latestInvoice(id)).toMatchObject({
      status: 'paid',
      attempt_count: 1,
      number: expect.stringMatching(/-0002$/),
      next_payment_attempt: null,
    })
    expect(news()).toEqual([
      'payment_intent.created',
      'invoice.finalized',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
    ])
  })

  test('the 31st becomes the last day of short months, and the 31st again', async () => {
    const rig = await openBilling('pm_card_visa', { now: at('2027-01-31') })
    const { id } = await rig.subscribe()
    const seen: string[] = await periods(rig, id)
    for (let month = 0; month < 4; month += 1) {
      await rig.sandbox.clock.advance(31 * day)
      seen.push(...(await periods(rig, id)))
    }
    expect(seen).toEqual([
      '2027-01-31..2027-02-28',
      '2027-02-28..2027-03-31',
      '2027-03-31..2027-04-30',
      '2027-04-30..2027-05-31',
      '2027-05-31..2027-06-30',
    ])
  })

  test('items of different intervals are renewed each in its own rhythm', async () => {
    const { sandbox, stripe, subscribe } = await openBilling()
    const { id } = await subscribe({ items: [{ price: monthly }, { price: yearly }] })
    await sandbox.clock.advanceTo(at('2027-11-02'))
    const invoices = (await stripe.invoices.list({ subscription: id, limit: 100 })).data.reverse()
    expect(invoices.map(({ total }) => total)).toEqual([22_000, ...Array(11).fill(2000), 22_000])
    const { items } = await stripe.subscriptions.retrieve(id)
    expect(items.data.map((item) => item.current_period_end)).toEqual([at('2027-12-01'), at('2028-11-01')])
  })

  test('a restored snapshot goes on in the middle of dunning', async () => {
    const first = await openBilling('pm_card_chargeCustomerFail')
    const { id } = await first.subscribe({ trial_period_days: 1 })
    await first.sandbox.clock.advanceTo(at('2026-11-03'))
    const second = await openBilling('pm_card_visa', { restore: first.sandbox.state.snapshot() })
    for (const { sandbox } of [first, second]) await sandbox.clock.advance(30 * day)
    const ends = [first, second].map(({ stripe }) => stripe.subscriptions.retrieve(id))
    const [one, other] = await Promise.all(ends)
    expect(one).toMatchObject({ status: 'canceled', ended_at: at('2026-11-17T01:00:00Z') })
    expect(other?.ended_at).toBe(one?.ended_at)
  })

  test.each([
    { setting: 'cancel', status: 'canceled' },
    { setting: 'unpaid', status: 'unpaid' },
    { setting: 'past_due', status: 'past_due' },
  ])('a card that fails is retried after 3, 5 and 7 days, then $setting', async ({ setting, status }) => {
    const { sandbox, stripe, subscribe, replaceCard, latestInvoice, eventsOf } = await openBilling()
    if (setting !== 'cancel') await sandbox.control('POST', '/billing/settings', { after_last_retry: setting })
    const { id } = await subscribe()
    const bad = await replaceCard('pm_card_chargeCustomerFail')
    await stripe.subscriptions.update(id, { default_payment_method: bad })
    const tried = at('2026-12-01') + hour
    await sandbox.clock.advanceTo(tried)
    const invoice = await latestInvoice(id)
    expect(invoice).toMatchObject({ status: 'open', attempt_count: 1, next_payment_attempt: tried + 3 * day })
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'past_due' })
    await sandbox.clock.advanceTo(tried + 3 * day)
    expect(await latestInvoice(id)).toMatchObject({ attempt_count: 2, next_payment_attempt: tried + 8 * day })
    await sandbox.clock.advanceTo(tried + 8 * day)
    expect(await latestInvoice(id)).toMatchObject({ attempt_count: 3, next_payment_attempt: tried + 15 * day })
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'past_due' })
    await sandbox.clock.advanceTo(tried + 15 * day)
    expect(await latestInvoice(id)).toMatchObject({ status: 'open', attempt_count: 4, next_payment_attempt: null })
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status })
    const failures = eventsOf('invoice.payment_failed')
    expect(failures).toHaveLength(4)
    expect(failures.at(-1)?.data.object).toMatchObject({ next_payment_attempt: null })
    expect(eventsOf('customer.subscription.deleted')).toHaveLength(setting === 'cancel' ? 1 : 0)
    if (setting === 'cancel') {
      expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
        ended_at: tried + 15 * day,
        canceled_at: tried + 15 * day,
        cancellation_details: { reason: 'payment_failed' },
      })
      await sandbox.clock.advance(100 * day)
      expect((await stripe.invoices.list({ subscription: id })).data).toHaveLength(2)
    }
    if (setting === 'unpaid') {
      await sandbox.clock.advanceTo(at('2027-01-02'))
      expect(await latestInvoice(id)).toMatchObject({ status: 'draft', auto_advance: false })
      await stripe.invoices.pay(invoice.id, { payment_method: await replaceCard('pm_card_visa') })
      expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' })
    }
  })

  test('a new default card makes the next retry succeed', async () => {
    const { sandbox, stripe, customer, replaceCard, latestInvoice, eventsOf } = await openBilling()
    await replaceCard('pm_card_visa')
    const { id } = await stripe.subscriptions.create({ customer, items: [{ price: monthly }] })
    await replaceCard('pm_card_chargeCustomerFail')
    await sandbox.clock.advanceTo(at('2026-12-02'))
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'past_due' })
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ delinquent: true })
    await replaceCard('pm_card_mastercard')
    await sandbox.clock.advanceTo(at('2026-12-05'))
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' })
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ delinquent: false })
    expect(await latestInvoice(id)).toMatchObject({ status: 'paid', attempt_count: 2 })
    expect(eventsOf('customer.subscription.updated').at(-1)?.data.previous_attributes).toEqual({ status: 'past_due' })
    await sandbox.clock.advance(20 * day)
    expect((await latestInvoice(id)).attempt_count).toBe(2)
  })

  test('the customer pays the open invoice by its PaymentIntent, and no retry follows', async () => {
    const { sandbox, stripe, subscribe, replaceCard, latestInvoice, news } = await openBilling()
    const { id } = await subscribe()
    await stripe.subscriptions.update(id, { default_payment_method: await replaceCard('pm_card_chargeCustomerFail') })
    await sandbox.clock.advanceTo(at('2026-12-02'))
    const invoice = await latestInvoice(id)
    const good = await stripe.paymentMethods.attach('pm_card_visa', { customer: String(invoice.customer) })
    const intent = String(invoice.payments?.data[0]?.payment.payment_intent)
    await stripe.paymentIntents.confirm(intent, { payment_method: good.id })
    expect(await latestInvoice(id)).toMatchObject({ status: 'paid', attempt_count: 1 })
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' })
    await sandbox.webhooks.settled()
    await sandbox.clock.advance(1)
    news()
    await sandbox.clock.advance(20 * day)
    expect(news()).toEqual([])
  })

  test('a failed manual attempt leaves the schedule as it is', async () => {
    const { sandbox, stripe, subscribe, replaceCard, latestInvoice } = await openBilling()
    const { id } = await subscribe()
    await stripe.subscriptions.update(id, { default_payment_method: await replaceCard('pm_card_chargeCustomerFail') })
    await sandbox.clock.advanceTo(at('2026-12-02'))
    const { id: invoice, next_payment_attempt: next } = await latestInvoice(id)
    await expect(stripe.invoices.pay(invoice)).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' })
    expect(await latestInvoice(id)).toMatchObject({ attempt_count: 1, next_payment_attempt: next })
  })

  test('who fails to pay what was given up as a loss is not overdue', async () => {
    const { sandbox, stripe, subscribe, replaceCard, latestInvoice } = await openBilling()
    const { id } = await subscribe()
    const bad = await replaceCard('pm_card_chargeCustomerFail')
    await stripe.subscriptions.update(id, { default_payment_method: bad })
    await sandbox.clock.advanceTo(at('2026-12-02'))
    const { id: invoice } = await latestInvoice(id)
    await stripe.invoices.markUncollectible(invoice)
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' })
    await expect(stripe.invoices.pay(invoice)).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' })
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' })
  })

  test('a renewal that asks for authentication waits for the customer', async () => {
    const { sandbox, stripe, subscribe, replaceCard, latestInvoice, eventsOf } = await openBilling()
    const { id } = await subscribe()
    const strong = await replaceCard('pm_card_authenticationRequired')
    await stripe.subscriptions.update(id, { default_payment_method: strong })
    await sandbox.clock.advanceTo(at('2026-12-02'))
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'past_due' })
    expect(eventsOf('invoice.payment_action_required')).toHaveLength(1)
    expect(eventsOf('invoice.payment_failed')).toHaveLength(1)
    const intent = String((await latestInvoice(id)).payments?.data[0]?.payment.payment_intent)
    const asked = await stripe.paymentIntents.confirm(intent, {
      payment_method: strong,
      return_url: 'https://florin.invalid/back',
    })
    expect(asked.status).toBe('requires_action')
    await sandbox.control('POST', `/payment_intents/${intent}/authenticate`, { outcome: 'succeed' })
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' })
    expect(eventsOf('invoice.payment_failed')).toHaveLength(1)
  })

  test('a detached card is nobody’s default any more', async () => {
    const { sandbox, stripe, subscribe, card, latestInvoice } = await openBilling()
    const { id } = await subscribe()
    await stripe.paymentMethods.detach(card)
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ default_payment_method: null, status: 'active' })
    await sandbox.clock.advanceTo(at('2026-12-02'))
    expect(await latestInvoice(id)).toMatchObject({ status: 'open', attempt_count: 1 })
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'past_due' })
  })

  test('a deleted customer’s subscriptions end', async () => {
    const { sandbox, stripe, subscribe, customer, eventsOf } = await openBilling()
    const { id } = await subscribe()
    await stripe.customers.del(customer)
    await sandbox.webhooks.settled()
    expect(eventsOf('customer.subscription.deleted')).toHaveLength(1)
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'canceled' })
    await sandbox.clock.advance(60 * day)
    expect((await stripe.invoices.list({ subscription: id })).data).toHaveLength(1)
  })
})

describe('trials', () => {
  test('nothing is due at first; the end is announced three days before and then invoiced', async () => {
    const rig = await openBilling()
    const { sandbox, stripe, subscribe, latestInvoice, eventsOf, news } = rig
    const trial = await subscribe({ trial_period_days: 14, expand: ['latest_invoice'] })
    expect(trial).toMatchObject({
      status: 'trialing',
      trial_start: at('2026-11-01'),
      trial_end: at('2026-11-15'),
      billing_cycle_anchor: at('2026-11-15'),
      pending_setup_intent: null,
      latest_invoice: {
        status: 'paid',
        total: 0,
        amount_due: 0,
        billing_reason: 'subscription_create',
        lines: { data: [{ amount: 0, description: 'Trial period for Florin demo' }] },
      },
    })
    await sandbox.webhooks.settled()
    expect(news()).toEqual(
      expect.arrayContaining(['customer.subscription.created', 'invoice.paid', 'invoice.payment_succeeded']),
    )
    await sandbox.clock.advanceTo(at('2026-11-12'))
    expect(news()).toEqual(['customer.subscription.trial_will_end'])
    await sandbox.clock.advanceTo(at('2026-11-15'))
    expect(await stripe.subscriptions.retrieve(trial.id)).toMatchObject({ status: 'active' })
    expect(await latestInvoice(trial.id)).toMatchObject({ status: 'draft', billing_reason: 'subscription_cycle' })
    await sandbox.clock.advance(hour)
    expect(await latestInvoice(trial.id)).toMatchObject({ status: 'paid', amount_paid: 2000 })
    expect(await periods(rig, trial.id)).toEqual(['2026-11-15..2026-12-15'])
    expect(eventsOf('customer.subscription.trial_will_end')).toHaveLength(1)
  })

  test('a trial of less than three days is announced at once', async () => {
    const { sandbox, subscribe, eventsOf } = await openBilling()
    await subscribe({ trial_end: at('2026-11-03') })
    await sandbox.webhooks.settled()
    expect(eventsOf('customer.subscription.trial_will_end')).toHaveLength(1)
    await sandbox.clock.advance(10 * day)
    expect(eventsOf('customer.subscription.trial_will_end')).toHaveLength(1)
  })

  test('without a card there is a SetupIntent to confirm, which brings the card', async () => {
    const { stripe, sandbox } = await openBilling()
    const { id: customer } = await stripe.customers.create()
    const trial = await stripe.subscriptions.create({
      customer,
      items: [{ price: monthly }],
      trial_period_days: 7,
      payment_behavior: 'default_incomplete',
      payment_settings: { save_default_payment_method: 'on_subscription' },
      expand: ['pending_setup_intent', 'latest_invoice.confirmation_secret'],
    })
    expect(trial).toMatchObject({ status: 'trialing', latest_invoice: { confirmation_secret: null } })
    const setup = trial.pending_setup_intent
    if (setup === null || typeof setup === 'string') throw new Error('not expanded')
    expect(setup).toMatchObject({ status: 'requires_payment_method', customer, usage: 'off_session' })
    await stripe.setupIntents.confirm(setup.id, { payment_method: 'pm_card_visa' })
    const after = await stripe.subscriptions.retrieve(trial.id)
    expect(after).toMatchObject({ pending_setup_intent: null, default_payment_method: expect.stringMatching(/^pm_/) })
    await sandbox.clock.advanceTo(at('2026-11-09'))
    expect(await stripe.subscriptions.retrieve(trial.id)).toMatchObject({ status: 'active' })
  })

  test.each([
    { behavior: 'create_invoice', status: 'past_due' },
    { behavior: 'cancel', status: 'canceled' },
    { behavior: 'pause', status: 'paused' },
  ] as const)('a trial that ends without a card: $behavior', async ({ behavior, status }) => {
    const { stripe, sandbox, eventsOf } = await openBilling()
    const { id: customer } = await stripe.customers.create()
    const { id } = await stripe.subscriptions.create({
      customer,
      items: [{ price: monthly }],
      trial_period_days: 7,
      trial_settings: { end_behavior: { missing_payment_method: behavior } },
    })
    await sandbox.clock.advanceTo(at('2026-11-09'))
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status })
    expect(eventsOf('customer.subscription.paused')).toHaveLength(behavior === 'pause' ? 1 : 0)
    expect(eventsOf('customer.subscription.deleted')).toHaveLength(behavior === 'cancel' ? 1 : 0)
    expect((await stripe.invoices.list({ subscription: id })).data).toHaveLength(behavior === 'create_invoice' ? 2 : 1)
  })

  test('trial_end now ends the trial and charges at once', async () => {
    const rig = await openBilling()
    const { stripe, sandbox, subscribe, latestInvoice, eventsOf } = rig
    const { id } = await subscribe({ trial_period_days: 14 })
    await sandbox.clock.advance(2 * day)
    const now = await stripe.subscriptions.update(id, { trial_end: 'now' })
    expect(now).toMatchObject({ status: 'active', trial_end: at('2026-11-03'), billing_cycle_anchor: at('2026-11-03') })
    expect(await latestInvoice(id)).toMatchObject({
      status: 'paid',
      total: 2000,
      billing_reason: 'subscription_update',
    })
    expect(await periods(rig, id)).toEqual(['2026-11-03..2026-12-03'])
    await sandbox.clock.advance(20 * day)
    expect(eventsOf('customer.subscription.trial_will_end')).toHaveLength(0)
  })

  test('a longer trial is announced and ends later', async () => {
    const { stripe, sandbox, subscribe, eventsOf } = await openBilling()
    const { id } = await subscribe({ trial_period_days: 7 })
    const longer = await stripe.subscriptions.update(id, { trial_end: at('2026-11-21') })
    expect(longer).toMatchObject({ status: 'trialing', trial_end: at('2026-11-21'), trial_start: at('2026-11-01') })
    await sandbox.clock.advanceTo(at('2026-11-17'))
    expect(eventsOf('customer.subscription.trial_will_end')).toHaveLength(0)
    await sandbox.clock.advanceTo(at('2026-11-22'))
    expect(eventsOf('customer.subscription.trial_will_end')).toHaveLength(1)
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' })
  })
})
