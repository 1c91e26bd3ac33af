import type Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { at, type BillingRig, dearer, monthly, openBilling, yearly } from '../../test/billing-rig.ts'

const itemOf = (subscription: Stripe.Subscription): string => subscription.items.data[0]?.id ?? ''

const linesOf = (invoice: Stripe.Invoice): (string | number | null)[][] =>
  invoice.lines.data.map(({ amount, description, parent }) => [
    amount,
    description,
    String(parent?.subscription_item_details?.proration),
  ])

const switchPrice = async (
  { stripe }: BillingRig,
  subscription: Stripe.Subscription,
  params: Stripe.SubscriptionUpdateParams & { item?: Stripe.SubscriptionUpdateParams.Item },
) => {
  const { item, ...rest } = params
  return stripe.subscriptions.update(subscription.id, {
    items: [{ id: itemOf(subscription), price: dearer, ...item }],
    ...rest,
  })
}

describe('changing subscriptions', () => {
  test('a dearer price half-way: credit and debit wait for the next invoice', async () => {
    const rig = await openBilling()
    const { sandbox, stripe, subscribe, latestInvoice } = rig
    const made = await subscribe()
    const first = await latestInvoice(made.id)
    await sandbox.clock.advanceTo(at('2026-11-16'))
    const changed = await switchPrice(rig, made, {})
    expect(changed.items.data).toMatchObject([
      { id: itemOf(made), price: { id: dearer }, current_period_end: at('2026-12-01') },
    ])
    expect((await latestInvoice(made.id)).id).toBe(first.id)
    const { data: waiting } = await stripe.invoiceItems.list({ pending: true })
    expect(waiting.map(({ amount, proration, discountable }) => [amount, proration, discountable])).toEqual([
      [2500, true, false],
      [-1000, true, false],
    ])
    await sandbox.clock.advanceTo(at('2026-12-02'))
    const next = await latestInvoice(made.id)
    expect(next).toMatchObject({ status: 'paid', total: 6500 })
    expect(linesOf(next)).toEqual([
      [-1000, 'Unused time on Florin demo after 16 Nov 2026', 'true'],
      [2500, 'Remaining time on Florin demo after 16 Nov 2026', 'true'],
      [5000, '1 × Florin demo (at $50.00 / month)', 'false'],
    ])
    expect((await stripe.invoiceItems.list({ pending: true })).data).toEqual([])
  })

  test('always_invoice charges the difference now', async () => {
    const rig = await openBilling()
    const made = await rig.subscribe()
    await rig.sandbox.clock.advanceTo(at('2026-11-16'))
    await switchPrice(rig, made, { proration_behavior: 'always_invoice' })
    const invoice = await rig.latestInvoice(made.id)
    expect(invoice).toMatchObject({ status: 'paid', total: 1500, billing_reason: 'subscription_update' })
    expect(await rig.stripe.subscriptions.retrieve(made.id)).toMatchObject({
      latest_invoice: invoice.id,
      billing_cycle_anchor: at('2026-11-01'),
    })
    await rig.sandbox.webhooks.settled()
    const [change] = rig.eventsOf('customer.subscription.updated').slice(-1)
    expect(change?.data.previous_attributes).toMatchObject({ items: { data: [{ price: { id: monthly } }] } })
  })

  test('none charges nothing until the renewal', async () => {
    const rig = await openBilling()
    const made = await rig.subscribe()
    await rig.sandbox.clock.advanceTo(at('2026-11-16'))
    await switchPrice(rig, made, { proration_behavior: 'none' })
    await rig.sandbox.clock.advanceTo(at('2026-12-02'))
    expect(await rig.latestInvoice(made.id)).toMatchObject({ total: 5000, lines: { data: [{ amount: 5000 }] } })
  })

  test('monthly to yearly begins a new cycle and charges it at once (recorded: 25.00 a month to 250.00 a year)', async () => {
    const rig = await openBilling()
    const { stripe, subscribe, latestInvoice } = rig
    const product = 'prod_florin_demo'
    const small = await stripe.prices.create({
      product,
      currency: 'usd',
      unit_amount: 2500,
      recurring: { interval: 'month' },
    })
    const large = await stripe.prices.create({
      product,
      currency: 'usd',
      unit_amount: 25_000,
      recurring: { interval: 'year' },
    })
    const made = await subscribe({ items: [{ price: small.id }] })
    const changed = await switchPrice(rig, made, { item: { price: large.id }, proration_behavior: 'always_invoice' })
    const invoice = await latestInvoice(made.id)
    expect(invoice).toMatchObject({ status: 'paid', total: 22_500 })
    expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([-2500, 25_000])
    expect(changed.items.data[0]).toMatchObject({ current_period_end: at('2027-11-01') })
  })

  test('yearly to monthly: the remaining credit is on the customer’s balance and pays the next invoices', async () => {
    const rig = await openBilling()
    const { stripe, sandbox, subscribe, latestInvoice, customer, eventsOf } = rig
    const made = await subscribe({ items: [{ price: yearly }] })
    await sandbox.clock.advanceTo(at('2026-11-02'))
    await switchPrice(rig, made, { item: { price: monthly } })
    const credit = Math.round((20_000 * 364) / 365)
    expect(await latestInvoice(made.id)).toMatchObject({
      status: 'paid',
      total: 2000 - credit,
      amount_due: 0,
      starting_balance: 0,
      ending_balance: 2000 - credit,
    })
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: 2000 - credit })
    await sandbox.clock.advanceTo(at('2026-12-03'))
    expect(await latestInvoice(made.id)).toMatchObject({ status: 'paid', total: 2000, amount_due: 0 })
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: 4000 - credit })
    expect(eventsOf('customer.updated').at(-1)?.data.previous_attributes).toEqual({ balance: 2000 - credit })
    await sandbox.clock.advanceTo(at('2027-08-03'))
    expect(await latestInvoice(made.id)).toMatchObject({ total: 2000, amount_due: 20_000 - credit })
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: 0 })
  })

  test('quantities are prorated', async () => {
    const rig = await openBilling()
    const made = await rig.subscribe({ items: [{ price: monthly, quantity: 2 }] })
    await rig.sandbox.clock.advanceTo(at('2026-11-16'))
    await switchPrice(rig, made, { item: { price: monthly, quantity: 5 }, proration_behavior: 'always_invoice' })
    expect(linesOf(await rig.latestInvoice(made.id))).toEqual([
      [-2000, 'Unused time on 2 × Florin demo after 16 Nov 2026', 'true'],
      [5000, 'Remaining time on 5 × Florin demo after 16 Nov 2026', 'true'],
    ])
  })

  test('up and down again within a second costs nothing', async () => {
    const rig = await openBilling()
    const made = await rig.subscribe()
    await rig.sandbox.clock.advanceTo(at('2026-11-11T07:08:09Z'))
    await switchPrice(rig, made, {})
    await switchPrice(rig, made, { item: { price: monthly } })
    const { data } = await rig.stripe.invoiceItems.list({ pending: true })
    expect(data.reduce((sum, { amount }) => sum + amount, 0)).toBe(0)
    expect(data).toHaveLength(4)
  })

  test('an item without an id is added, one can be removed, the last one not', async () => {
    const rig = await openBilling()
    const { stripe, sandbox, subscribe, latestInvoice } = rig
    const made = await subscribe()
    await sandbox.clock.advanceTo(at('2026-11-16'))
    const two = await stripe.subscriptions.update(made.id, {
      items: [{ price: dearer }],
      proration_behavior: 'always_invoice',
    })
    expect(two.items.data.map(({ price }) => price.id)).toEqual([monthly, dearer])
    expect((await latestInvoice(made.id)).total).toBe(2500)
    const one = await stripe.subscriptions.update(made.id, { items: [{ id: itemOf(made), deleted: true }] })
    expect(one.items.data.map(({ price }) => price.id)).toEqual([dearer])
    await expect(
      stripe.subscriptions.update(made.id, { items: [{ id: one.items.data[0]?.id ?? '', deleted: true }] }),
    ).rejects.toMatchObject({ statusCode: 400, param: 'items' })
    await expect(
      stripe.subscriptions.update(made.id, { items: [{ id: 'si_nope', quantity: 2 }] }),
    ).rejects.toMatchObject({ statusCode: 400, code: 'resource_missing', param: 'items[0][id]' })
  })

  test('free to paid is charged at once', async () => {
    const rig = await openBilling()
    const { stripe, subscribe, sandbox, latestInvoice } = rig
    const free = await stripe.prices.create({
      product: 'prod_florin_demo',
      currency: 'usd',
      unit_amount: 0,
      recurring: { interval: 'month' },
    })
    const made = await subscribe({ items: [{ price: free.id }] })
    expect(made.status).toBe('active')
    await sandbox.clock.advanceTo(at('2026-11-10'))
    const paid = await switchPrice(rig, made, { item: { price: monthly } })
    expect(paid.billing_cycle_anchor).toBe(at('2026-11-10'))
    expect(await latestInvoice(made.id)).toMatchObject({ status: 'paid', total: 2000 })
  })

  test('a proration date counts instead of now', async () => {
    const rig = await openBilling()
    const made = await rig.subscribe()
    await rig.sandbox.clock.advanceTo(at('2026-11-20'))
    await switchPrice(rig, made, { proration_behavior: 'always_invoice', proration_date: at('2026-11-16') })
    expect((await rig.latestInvoice(made.id)).total).toBe(1500)
    await expect(
      switchPrice(rig, made, { item: { price: monthly }, proration_date: at('2026-10-31') }),
    ).rejects.toMatchObject({ statusCode: 400, param: 'proration_date' })
  })

  test('a new anchor begins a new cycle; the word form belongs to older versions', async () => {
    const rig = await openBilling()
    const { stripe, sandbox, subscribe, latestInvoice } = rig
    const made = await subscribe()
    await sandbox.clock.advanceTo(at('2026-11-16'))
    const moved = await stripe.subscriptions.update(made.id, { billing_cycle_anchor: { type: 'now' } })
    expect(moved).toMatchObject({ billing_cycle_anchor: at('2026-11-16') })
    expect(await latestInvoice(made.id)).toMatchObject({ total: 1000, status: 'paid' })
    const word = { billing_cycle_anchor: 'unchanged' as never }
    await expect(stripe.subscriptions.update(made.id, word)).rejects.toMatchObject({ param: 'billing_cycle_anchor' })
    await stripe.subscriptions.update(made.id, word, { apiVersion: '2026-08-26.dahlia' })
  })

  test('a declined change leaves it past_due; error_if_incomplete undoes it', async () => {
    const rig = await openBilling()
    const { stripe, sandbox, subscribe, replaceCard, latestInvoice } = rig
    const made = await subscribe()
    const bad = await replaceCard('pm_card_chargeCustomerFail')
    await stripe.subscriptions.update(made.id, { default_payment_method: bad })
    await sandbox.clock.advanceTo(at('2026-11-16'))
    await expect(
      switchPrice(rig, made, { proration_behavior: 'always_invoice', payment_behavior: 'error_if_incomplete' }),
    ).rejects.toMatchObject({ statusCode: 402 })
    expect((await stripe.subscriptions.retrieve(made.id)).items.data[0]?.price.id).toBe(monthly)
    expect((await stripe.invoices.list({ subscription: made.id })).data).toHaveLength(1)
    await switchPrice(rig, made, { proration_behavior: 'always_invoice' })
    expect(await stripe.subscriptions.retrieve(made.id)).toMatchObject({ status: 'past_due' })
    expect(await latestInvoice(made.id)).toMatchObject({
      status: 'open',
      attempt_count: 1,
      next_payment_attempt: at('2026-11-19'),
    })
    await expect(switchPrice(rig, made, { payment_behavior: 'pending_if_incomplete' })).rejects.toMatchObject({
      code: 'sandbox_unsupported',
    })
  })

  test('default_incomplete makes it past_due until the customer has paid', async () => {
    const rig = await openBilling()
    const { stripe, sandbox, subscribe, latestInvoice, card } = rig
    const made = await subscribe()
    await sandbox.clock.advanceTo(at('2026-11-16'))
    await switchPrice(rig, made, { proration_behavior: 'always_invoice', payment_behavior: 'default_incomplete' })
    expect(await stripe.subscriptions.retrieve(made.id)).toMatchObject({ status: 'past_due' })
    const intent = (await latestInvoice(made.id)).payments?.data[0]?.payment.payment_intent
    await stripe.paymentIntents.confirm(String(intent), { payment_method: card })
    expect(await stripe.subscriptions.retrieve(made.id)).toMatchObject({ status: 'active' })
  })

  test('an incomplete subscription takes small changes only, a canceled one less', async () => {
    const rig = await openBilling()
    const { stripe, subscribe } = rig
    const made = await subscribe({ payment_behavior: 'default_incomplete' })
    expect(await stripe.subscriptions.update(made.id, { metadata: { a: '1' } })).toMatchObject({ metadata: { a: '1' } })
    await expect(switchPrice(rig, made, {})).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining('You cannot update a subscription in `incomplete` status'),
    })
    await stripe.subscriptions.cancel(made.id)
    expect(
      await stripe.subscriptions.update(made.id, { metadata: { a: '' }, cancellation_details: { comment: 'bye' } }),
    ).toMatchObject({ metadata: {}, cancellation_details: { comment: 'bye' } })
    await expect(stripe.subscriptions.update(made.id, { cancel_at_period_end: true })).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining('A canceled subscription can only update'),
    })
  })

  test('within a trial nothing is prorated', async () => {
    const rig = await openBilling()
    const made = await rig.subscribe({ trial_period_days: 10 })
    const changed = await switchPrice(rig, made, { proration_behavior: 'always_invoice' })
    expect(changed).toMatchObject({ status: 'trialing', items: { data: [{ current_period_end: at('2026-11-11') }] } })
    expect((await rig.stripe.invoiceItems.list()).data).toEqual([])
    await rig.sandbox.clock.advanceTo(at('2026-11-12'))
    expect(await rig.latestInvoice(made.id)).toMatchObject({ total: 5000 })
  })

  test('a trial that begins later gives back the unused time', async () => {
    const rig = await openBilling()
    const made = await rig.subscribe()
    await rig.sandbox.clock.advanceTo(at('2026-11-16'))
    const trial = await rig.stripe.subscriptions.update(made.id, { trial_end: at('2026-12-16') })
    expect(trial).toMatchObject({
      status: 'trialing',
      trial_start: at('2026-11-16'),
      billing_cycle_anchor: at('2026-12-16'),
    })
    expect(await rig.latestInvoice(made.id)).toMatchObject({ total: -1000, status: 'paid' })
    expect(await rig.stripe.customers.retrieve(rig.customer)).toMatchObject({ balance: -1000 })
  })

  test('paused collection: drafts are kept, voided or given up', async () => {
    const { stripe, sandbox, subscribe, latestInvoice } = await openBilling()
    const made = await subscribe()
    const pause = (behavior: Stripe.SubscriptionUpdateParams.PauseCollection['behavior']) =>
      stripe.subscriptions.update(made.id, { pause_collection: { behavior } })
    expect(await pause('keep_as_draft')).toMatchObject({ status: 'active', pause_collection: { resumes_at: null } })
    await sandbox.clock.advanceTo(at('2026-12-03'))
    expect(await latestInvoice(made.id)).toMatchObject({ status: 'draft', auto_advance: false })
    await pause('void')
    await sandbox.clock.advanceTo(at('2027-01-03'))
    expect(await latestInvoice(made.id)).toMatchObject({ status: 'void' })
    await pause('mark_uncollectible')
    await sandbox.clock.advanceTo(at('2027-02-03'))
    expect(await latestInvoice(made.id)).toMatchObject({ status: 'uncollectible' })
    await stripe.subscriptions.update(made.id, {
      pause_collection: { behavior: 'void', resumes_at: at('2027-02-20') },
    })
    await sandbox.clock.advanceTo(at('2027-02-21'))
    expect(await stripe.subscriptions.retrieve(made.id)).toMatchObject({ status: 'active', pause_collection: null })
    await sandbox.clock.advanceTo(at('2027-03-03'))
    expect(await latestInvoice(made.id)).toMatchObject({ status: 'paid' })
  })

  test('a one-off price is added to the invoice', async () => {
    const { stripe, sandbox, subscribe, latestInvoice } = await openBilling()
    const { id: fee } = await stripe.prices.create({ product: 'prod_florin_demo', currency: 'usd', unit_amount: 700 })
    const made = await subscribe({ add_invoice_items: [{ price: fee }] })
    expect((await latestInvoice(made.id)).total).toBe(2700)
    await stripe.subscriptions.update(made.id, { add_invoice_items: [{ price: fee, quantity: 2 }] })
    await sandbox.clock.advanceTo(at('2026-12-02'))
    expect((await latestInvoice(made.id)).total).toBe(3400)
    await expect(subscribe({ add_invoice_items: [{ price: monthly }] })).rejects.toMatchObject({
      param: 'add_invoice_items[0][price]',
    })
  })
})
