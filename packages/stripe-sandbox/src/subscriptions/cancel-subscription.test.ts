import { describe, expect, test } from 'vitest'
import { at, day, dearer, hour, monthly, openBilling } from '../../test/billing-rig.ts'

describe('ending subscriptions', () => {
  test('at once: nothing is refunded or charged any more', async () => {
    const { stripe, sandbox, subscribe, eventsOf } = await openBilling()
    const { id } = await subscribe()
    await sandbox.clock.advance(day)
    const gone = await stripe.subscriptions.cancel(id, {
      cancellation_details: { comment: 'too dear', feedback: 'too_expensive' },
    })
    const now = sandbox.clock.now()
    expect(gone).toMatchObject({
      status: 'canceled',
      canceled_at: now,
      ended_at: now,
      cancellation_details: { comment: 'too dear', feedback: 'too_expensive', reason: 'cancellation_requested' },
    })
    await sandbox.webhooks.settled()
    expect(eventsOf('customer.subscription.deleted').at(-1)?.data.object).toMatchObject({ id, status: 'canceled' })
    await sandbox.clock.advance(90 * day)
    expect((await stripe.invoices.list({ subscription: id })).data).toHaveLength(1)
    expect((await stripe.refunds.list()).data).toEqual([])
    await expect(stripe.subscriptions.cancel(id)).rejects.toMatchObject({ statusCode: 404, code: 'resource_missing' })
  })

  test('at the end of the period, which can be taken back before', async () => {
    const { stripe, sandbox, subscribe, eventsOf } = await openBilling()
    const { id } = await subscribe()
    await sandbox.clock.advance(day)
    const set = await stripe.subscriptions.update(id, { cancel_at_period_end: true })
    expect(set).toMatchObject({
      status: 'active',
      cancel_at_period_end: true,
      cancel_at: at('2026-12-01'),
      canceled_at: at('2026-11-02'),
      cancellation_details: { reason: 'cancellation_requested' },
    })
    expect(await stripe.subscriptions.update(id, { cancel_at_period_end: false })).toMatchObject({
      cancel_at_period_end: false,
      cancel_at: null,
      canceled_at: null,
      cancellation_details: { reason: null },
    })
    await stripe.subscriptions.update(id, { cancel_at_period_end: true })
    await sandbox.clock.advanceTo(at('2026-12-01'))
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      status: 'canceled',
      ended_at: at('2026-12-01'),
      canceled_at: at('2026-11-02'),
    })
    expect(eventsOf('customer.subscription.deleted')).toHaveLength(1)
    expect((await stripe.invoices.list({ subscription: id })).data).toHaveLength(1)
  })

  test('cancel_at the period’s end by its word, and taken back by an empty value', async () => {
    const { stripe, subscribe } = await openBilling()
    const { id } = await subscribe()
    expect(await stripe.subscriptions.update(id, { cancel_at: 'min_period_end' })).toMatchObject({
      cancel_at: at('2026-12-01'),
      cancel_at_period_end: false,
    })
    expect(await stripe.subscriptions.update(id, { cancel_at: '' })).toMatchObject({ cancel_at: null })
    await expect(
      stripe.subscriptions.update(id, { cancel_at: 'min_period_end', cancel_at_period_end: true }),
    ).rejects.toMatchObject({ statusCode: 400, param: 'cancel_at' })
    await expect(stripe.subscriptions.update(id, { cancel_at: 5 })).rejects.toMatchObject({ param: 'cancel_at' })
  })

  test('a cancellation within the period gives the time behind it back', async () => {
    const { stripe, sandbox, subscribe } = await openBilling()
    const { id } = await subscribe()
    const set = await stripe.subscriptions.update(id, { cancel_at: at('2026-11-16') })
    expect(set.items.data[0]).toMatchObject({ current_period_end: at('2026-11-16') })
    expect((await stripe.invoiceItems.list({ pending: true })).data).toMatchObject([{ amount: -1000 }])
    const undone = await stripe.subscriptions.update(id, { cancel_at: '' })
    expect(undone.items.data[0]).toMatchObject({ current_period_end: at('2026-12-01') })
    expect((await stripe.invoiceItems.list({ pending: true })).data.map(({ amount }) => amount)).toEqual([1000, -1000])
    await stripe.subscriptions.update(id, { cancel_at: at('2026-11-16') })
    await sandbox.clock.advanceTo(at('2026-11-16'))
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'canceled' })
  })

  test('a cancellation in a later period makes that one short', async () => {
    const { stripe, sandbox, subscribe, latestInvoice } = await openBilling()
    const { id } = await subscribe({ cancel_at: at('2026-12-11') })
    await sandbox.clock.advanceTo(at('2026-12-02'))
    expect(await latestInvoice(id)).toMatchObject({ total: Math.round((2000 * 10) / 31), status: 'paid' })
    await sandbox.clock.advanceTo(at('2026-12-11'))
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'canceled', ended_at: at('2026-12-11') })
  })

  test('prorate and invoice_now credit the unused time to the balance', async () => {
    const { stripe, sandbox, subscribe, customer, latestInvoice, eventsOf } = await openBilling()
    const { id } = await subscribe()
    await sandbox.clock.advanceTo(at('2026-11-16'))
    await stripe.subscriptions.cancel(id, { prorate: true, invoice_now: true })
    const last = await latestInvoice(id)
    expect(last).toMatchObject({ total: -1000, status: 'paid' })
    await sandbox.webhooks.settled()
    expect(eventsOf('customer.subscription.deleted')).toMatchObject([{ data: { object: { latest_invoice: last.id } } }])
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: -1000 })
  })

  test('without them pending corrections are forgotten', async () => {
    const { stripe, sandbox, subscribe } = await openBilling()
    const made = await subscribe()
    await sandbox.clock.advanceTo(at('2026-11-16'))
    await stripe.subscriptions.update(made.id, { items: [{ id: made.items.data[0]?.id ?? '', price: dearer }] })
    expect((await stripe.invoiceItems.list()).data).toHaveLength(2)
    await stripe.subscriptions.cancel(made.id)
    expect((await stripe.invoiceItems.list()).data).toHaveLength(0)
  })

  test('open invoices are collected no more by themselves, but can still be paid', async () => {
    const { stripe, sandbox, subscribe, replaceCard, latestInvoice } = await openBilling()
    const { id } = await subscribe()
    await stripe.subscriptions.update(id, { default_payment_method: await replaceCard('pm_card_chargeCustomerFail') })
    await sandbox.clock.advanceTo(at('2026-12-02'))
    await stripe.subscriptions.cancel(id)
    const invoice = await latestInvoice(id)
    expect(invoice).toMatchObject({ status: 'open', auto_advance: false, next_payment_attempt: null })
    await sandbox.clock.advance(30 * day)
    expect(await latestInvoice(id)).toMatchObject({ status: 'open', attempt_count: 1 })
    await stripe.invoices.pay(invoice.id, { payment_method: await replaceCard('pm_card_visa') })
    expect(await latestInvoice(id)).toMatchObject({ status: 'paid' })
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'canceled' })
  })
})

describe('resuming paused subscriptions', () => {
  const paused = async (mode: 'classic' | 'flexible' = 'flexible') => {
    const rig = await openBilling()
    const { stripe, sandbox } = rig
    const { id: customer } = await stripe.customers.create()
    const { id } = await stripe.subscriptions.create({
      customer,
      items: [{ price: monthly }],
      billing_mode: { type: mode },
      trial_period_days: 7,
      trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
    })
    await sandbox.clock.advanceTo(at('2026-11-20'))
    const saveCard = async (token: string) => {
      const card = await stripe.paymentMethods.attach(token, { customer })
      await stripe.customers.update(customer, { invoice_settings: { default_payment_method: card.id } })
    }
    return { ...rig, id, saveCard }
  }

  test('with resume_on_payment_success it is active once it has paid', async () => {
    const { stripe, sandbox, id, saveCard, latestInvoice, eventsOf } = await paused()
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'trial_end_without_payment_method' } } },
    })
    await saveCard('pm_card_visa')
    const resumed = await stripe.subscriptions.resume(id, { payment_behavior: 'resume_on_payment_success' })
    expect(resumed).toMatchObject({ status: 'active', billing_cycle_anchor: at('2026-11-20') })
    expect(resumed).not.toHaveProperty('status_details')
    expect(await latestInvoice(id)).toMatchObject({ status: 'paid', total: 2000 })
    await sandbox.webhooks.settled()
    expect(eventsOf('customer.subscription.resumed')).toHaveLength(1)
    await sandbox.clock.advanceTo(at('2026-12-21'))
    expect(await latestInvoice(id)).toMatchObject({ billing_reason: 'subscription_cycle', status: 'paid' })
    await expect(stripe.subscriptions.resume(id)).rejects.toMatchObject({ statusCode: 400 })
  })

  test.each([
    { why: 'without a card', mode: 'flexible', refusal: { code: 'resource_missing' } },
    { why: 'in the classic billing mode', mode: 'classic', refusal: { param: 'payment_behavior' } },
  ] as const)('with resume_on_payment_success is refused $why', async ({ mode, refusal }) => {
    const { stripe, id, latestInvoice } = await paused(mode)
    const resume = stripe.subscriptions.resume(id, { payment_behavior: 'resume_on_payment_success' })
    await expect(resume).rejects.toMatchObject({ statusCode: 400, ...refusal })
    expect(await latestInvoice(id)).toMatchObject({ status: 'paid', total: 0 })
  })

  test('once more voids the invoice of the attempt before', async () => {
    const { stripe, id, saveCard, latestInvoice } = await paused()
    await stripe.subscriptions.resume(id)
    const earlier = await latestInvoice(id)
    await saveCard('pm_card_visa')
    await stripe.subscriptions.resume(id, { payment_behavior: 'resume_on_payment_success' })
    expect(await stripe.invoices.retrieve(earlier.id)).toMatchObject({ status: 'void' })
    expect(await latestInvoice(id)).toMatchObject({ status: 'paid' })
  })

  test('by default its invoice waits to be paid; after 23 hours it is void and the pause goes on', async () => {
    const { stripe, sandbox, id, saveCard, latestInvoice } = await paused()
    expect(await stripe.subscriptions.resume(id)).toMatchObject({ status: 'paused' })
    expect(await latestInvoice(id)).toMatchObject({ status: 'open', attempted: false })
    await sandbox.clock.advance(23 * hour)
    expect(await latestInvoice(id)).toMatchObject({ status: 'void' })
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'paused' })
    await stripe.subscriptions.resume(id)
    await saveCard('pm_card_visa')
    await stripe.invoices.pay((await latestInvoice(id)).id)
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' })
  })

  test('a declined payment of the waiting invoice leaves it past_due', async () => {
    const { stripe, id, saveCard, latestInvoice } = await paused()
    await stripe.subscriptions.resume(id)
    await saveCard('pm_card_chargeCustomerFail')
    await expect(stripe.invoices.pay((await latestInvoice(id)).id)).rejects.toMatchObject({ statusCode: 402 })
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'past_due' })
    expect(await latestInvoice(id)).toMatchObject({ next_payment_attempt: null })
  })

  test('with the old anchor only the rest of the period is charged', async () => {
    const { stripe, id, saveCard, latestInvoice } = await paused()
    await saveCard('pm_card_visa')
    const resumed = await stripe.subscriptions.resume(id, {
      billing_cycle_anchor: { type: 'unchanged' },
      payment_behavior: 'resume_on_payment_success',
    })
    expect(resumed.items.data[0]).toMatchObject({
      current_period_start: at('2026-11-20'),
      current_period_end: at('2026-12-08'),
    })
    expect((await latestInvoice(id)).total).toBe(Math.round((2000 * 18) / 30))
  })
})
