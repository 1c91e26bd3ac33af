import { signWebhook } from '@florin/stripe-sandbox'
import Stripe from 'stripe'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { eventTypes } from '../../../stripe-sandbox/src/engine/event-types.ts'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { many, one } from '../ports/storage.ts'

const DAY = 24 * 3600
const by = { actor: service }

/** Everything that Florin reads, in the words of docs/webhooks.md. */
const read = (type: string) =>
  /^(payment_intent|charge\.dispute|refund|customer\.subscription|invoice|payment_method|checkout\.session)\./.test(
    type,
  ) ||
  [
    'charge.refunded',
    'charge.refund.updated',
    'customer.updated',
    'customer.deleted',
    'setup_intent.succeeded',
  ].includes(type)

/**
 * A world whose endpoint sends only the types of one group, and that of the customer, which says whose all is. Nothing is
 * made by Florin unless a test says so: what it knows, it knows from those webhooks.
 */
async function hearing(...wanted: readonly (string | RegExp)[]) {
  const enabled = [...eventTypes].filter((type) =>
    wanted.some((word) => (typeof word === 'string' ? word === type : word.test(type))),
  )
  expect(enabled.filter((type) => !read(type))).toEqual([])
  const endpoint = { url: 'http://florin.test/webhooks', secret: 'whsec_florin_test' }
  const enabled_events = ['customer.created', ...enabled]
  const world = sandboxedFlorin({ sandbox: { webhookEndpoints: [{ ...endpoint, enabled_events }] } })
  const { florin, sandbox, storage, happenings } = world
  const stripe = new Stripe('sk_test_florin', {
    httpClient: Stripe.createFetchHttpClient((input, init) => sandbox.fetch(input, init)),
    maxNetworkRetries: 0,
  })
  const customer = await stripe.customers.create({ metadata: { florin_user: alice.id } })
  const pay = (payment_method: string, more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
    stripe.paymentIntents
      .create({
        ...{ amount: 2000, currency: 'usd', customer: customer.id, payment_method, confirm: true },
        ...{ return_url: 'https://shop.example/back', ...more },
      })
      .catch((error: Stripe.errors.StripeCardError) => {
        if (!error.payment_intent) throw error
        return error.payment_intent
      })
  const attach = (method: string) => stripe.paymentMethods.attach(method, { customer: customer.id })
  const refresh = () => florin.maintenance.refresh({ limit: 100 })
  const received = () =>
    happenings.flatMap((it) => (it.what === 'webhook_received' ? [{ type: it.type, outcome: it.outcome }] : []))
  /** The types that came and were applied; nothing else came but what the customer needs. */
  const processed = () => {
    expect(received().filter(({ outcome }) => outcome !== 'processed')).toEqual([])
    return new Set(
      received()
        .map(({ type }) => type)
        .filter((type) => type !== 'customer.created'),
    )
  }
  return { ...world, stripe, customer, pay, attach, refresh, processed, received, storage, by }
}

describe('what Florin knows from the webhooks of one group alone', () => {
  it('payment_intent.*: payments, with every status', async () => {
    const { florin, pay, stripe, advance, processed } = await hearing(/^payment_intent\.(?!created)/)
    await pay('pm_card_visa')
    await pay('pm_card_chargeDeclined')
    await pay('pm_card_threeDSecure2Required')
    await pay('pm_card_visa', { capture_method: 'manual' })
    const held = await pay('pm_card_visa', { capture_method: 'manual' })
    await stripe.paymentIntents.cancel(held.id)
    await advance(1)
    const { data } = await florin.payments.list({ userId: alice.id }, alice)
    expect(data.map(({ status }) => status).sort()).toEqual([
      ...['canceled', 'failed', 'requires_action', 'requires_capture', 'succeeded'],
    ])
    expect(data.find(({ status }) => status === 'failed')?.failure).toMatchObject({ code: 'card_declined' })
    expect(processed()).toEqual(
      new Set([
        ...['payment_intent.amount_capturable_updated', 'payment_intent.canceled', 'payment_intent.payment_failed'],
        ...['payment_intent.requires_action', 'payment_intent.succeeded'],
      ]),
    )
  })

  it('charge.refunded: the sum at once, the payment and its refunds when they are read', async () => {
    const { florin, pay, stripe, advance, refresh, processed } = await hearing('charge.refunded')
    const paid = await pay('pm_card_visa')
    await advance(1)
    await stripe.refunds.create({ payment_intent: paid.id, amount: 700 })
    await advance(1)
    expect(processed()).toEqual(new Set(['charge.refunded']))
    expect(await florin.payments.get(paid.id, alice)).toMatchObject({ amount: 2000, amountRefunded: 700 })
    expect(await refresh()).toMatchObject({ read: 1, changed: 1 })
    expect(await florin.payments.get(paid.id, alice)).toMatchObject({ status: 'succeeded', amountRefunded: 700 })
    const refunds = await florin.refunds.list({ transactionId: paid.id }, alice)
    expect(refunds.data).toMatchObject([{ amount: 700, status: 'succeeded' }])
  })

  it.each(['charge.refund.updated', 'refund.updated', 'refund.failed'])(
    '%s: a refund that fails after it succeeded gives the sum back',
    async (type) => {
      const { florin, pay, stripe, advance, processed } = await hearing('payment_intent.succeeded', type)
      const paid = await pay('pm_card_refundFail')
      await advance(1)
      const refund = await stripe.refunds.create({ payment_intent: paid.id, amount: 700 })
      await advance(3600)
      expect(processed()).toContain(type)
      expect(await florin.refunds.get(refund.id, alice)).toMatchObject({ status: 'failed', amount: 700 })
      expect(await florin.payments.get(paid.id, alice)).toMatchObject({ amountRefunded: 0 })
    },
  )

  it('refund.*: refunds from the dashboard, with the sum of their payment', async () => {
    const { florin, pay, stripe, advance, processed } = await hearing('payment_intent.succeeded', /^refund\./)
    const paid = await pay('pm_card_visa')
    await advance(1)
    const refund = await stripe.refunds.create({ payment_intent: paid.id, amount: 700 })
    await advance(1)
    expect(processed()).toContain('refund.created')
    expect(await florin.refunds.get(refund.id, alice)).toMatchObject({ status: 'succeeded', userId: alice.id })
    expect(await florin.payments.get(paid.id, alice)).toMatchObject({ amountRefunded: 700 })
  })

  it('charge.dispute.*: disputes, from opened to closed', async () => {
    const { florin, pay, stripe, advance, processed } = await hearing('payment_intent.succeeded', /^charge\.dispute\./)
    const paid = await pay('pm_card_createDispute')
    await advance(1)
    const [dispute] = (await florin.disputes.list({ transactionId: paid.id }, alice)).data
    expect(dispute).toMatchObject({ status: 'needs_response', reason: 'fraudulent', amount: 2000, userId: alice.id })
    const evidence = { uncategorized_text: 'losing_evidence' }
    await stripe.disputes.update(dispute?.stripeDisputeId ?? '', { evidence, submit: true })
    await advance(90 * DAY)
    expect(await florin.disputes.get(dispute?.id ?? '', alice)).toMatchObject({ status: 'lost' })
    expect(processed()).toEqual(
      new Set([
        ...['payment_intent.succeeded', 'charge.dispute.created', 'charge.dispute.funds_withdrawn'],
        ...['charge.dispute.updated', 'charge.dispute.closed'],
      ]),
    )
  })

  it('customer.updated: which card is the default', async () => {
    const { florin, customer, stripe, attach, advance } = await hearing('customer.updated', 'payment_method.attached')
    const [first, second] = [await attach('pm_card_visa'), await attach('pm_card_mastercard')]
    const defaultTo = (id: string) =>
      stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: id } })
    for (const { id } of [first, second]) {
      await defaultTo(id)
      await advance(2)
      const { data } = await florin.paymentMethods.list({ userId: alice.id }, alice)
      expect(data.filter(({ isDefault }) => isDefault).map((it) => it.stripePaymentMethodId)).toEqual([id])
    }
  })

  it('customer.deleted: the next need makes a new one; its cards and subscriptions end when they are read', async () => {
    const { florin, customer, stripe, attach, advance, refresh, storage, processed } = await hearing(
      ...['customer.deleted', 'payment_method.attached', 'customer.subscription.created'],
    )
    const card = await attach('pm_card_visa')
    const items = [{ price: 'price_1234567890' }]
    const plan = { customer: customer.id, items, default_payment_method: card.id }
    const subscription = await stripe.subscriptions.create(plan)
    await advance(1)
    await stripe.customers.del(customer.id)
    await advance(1)
    expect(processed()).toContain('customer.deleted')
    expect(await refresh()).toMatchObject({ read: 2, changed: 2 })
    expect(await florin.subscriptions.get(subscription.id, alice)).toMatchObject({ status: 'canceled' })
    expect((await florin.paymentMethods.list({ userId: alice.id }, alice)).data).toEqual([])
    await florin.payments.create({ userId: alice.id, amount: 100, currency: 'USD' }, by)
    const { customers } = await storage.load({ customers: many('customers', { userId: alice.id }) })
    expect(customers.map(({ isPrimary, deleted }) => ({ isPrimary, deleted }))).toEqual([
      { isPrimary: false, deleted: true },
      { isPrimary: true, deleted: false },
    ])
  })

  it('customer.deleted: a card of it that is told of only afterwards is read too', async () => {
    const { florin, customer, sandbox, stripe, attach, refresh } = await hearing()
    await sandbox.webhooks.settled()
    const card = await attach('pm_card_visa')
    await stripe.customers.del(customer.id)
    const deliver = async (type: string) => {
      const event = z.array(z.looseObject({ type: z.string() })).parse(sandbox.state.all('event'))
      const body = JSON.stringify(event.find((it) => it.type === type))
      await florin.webhooks.receive(body, signWebhook(body, ['whsec_florin_test'], Math.floor(Date.now() / 1000)))
    }
    await deliver('customer.deleted')
    await deliver('payment_method.attached')
    const list = async () => (await florin.paymentMethods.list({ userId: alice.id }, alice)).data
    expect(await list()).toMatchObject([{ stripePaymentMethodId: card.id }])
    expect(await refresh()).toMatchObject({ read: 1 })
    expect(await list()).toEqual([])
  })

  it('customer.subscription.*: the whole life of a subscription', async () => {
    const { florin, customer, stripe, attach, advance, processed } = await hearing(/^customer\.subscription\./)
    const card = await attach('pm_card_visa')
    const subscription = await stripe.subscriptions.create({
      ...{ customer: customer.id, default_payment_method: card.id, trial_period_days: 7 },
      ...{ items: [{ price: 'price_1234567890' }], metadata: { plan: 'gold' } },
    })
    const look = () => florin.subscriptions.get(subscription.id, alice)
    await advance(1)
    expect(await look()).toMatchObject({ status: 'trialing', userId: alice.id, metadata: { plan: 'gold' } })
    await advance(8 * DAY)
    expect(await look()).toMatchObject({ status: 'active' })
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })
    await advance(1)
    expect(await look()).toMatchObject({ status: 'active', cancelAtPeriodEnd: true })
    await advance(31 * DAY)
    expect(await look()).toMatchObject({ status: 'canceled' })
    expect(processed()).toEqual(
      new Set([
        ...['customer.subscription.created', 'customer.subscription.trial_will_end'],
        ...['customer.subscription.updated', 'customer.subscription.deleted'],
      ]),
    )
  })

  it('invoice.*: invoices that are paid, that fail, that are voided, given up or deleted', async () => {
    const { florin, customer, stripe, attach, advance, storage, processed } = await hearing(
      ...[/^invoice\.(?!upcoming)/, 'customer.updated'],
    )
    const card = await attach('pm_card_visa')
    const bill = async (amount: number) => {
      const invoice = await stripe.invoices.create({ customer: customer.id, default_payment_method: card.id })
      await stripe.invoiceItems.create({ customer: customer.id, invoice: invoice.id ?? '', amount, currency: 'usd' })
      return invoice.id ?? ''
    }
    const [paid, voided, lost, deleted] = [await bill(1000), await bill(2000), await bill(3000), await bill(4000)]
    for (const id of [paid, voided, lost]) await stripe.invoices.finalizeInvoice(id)
    await stripe.invoices.pay(paid)
    await stripe.invoices.voidInvoice(voided)
    await stripe.invoices.markUncollectible(lost)
    await stripe.invoices.del(deleted)
    await advance(1)
    const statusOf = async (id: string) => (await florin.invoices.get(id, alice)).status
    expect([await statusOf(paid), await statusOf(voided), await statusOf(lost), await statusOf(deleted)]).toEqual([
      ...['paid', 'void', 'uncollectible', 'void'],
    ])
    expect(await florin.invoices.get(paid, alice)).toMatchObject({ amountPaid: 1000, userId: alice.id })
    const { row } = await storage.load({ row: one('invoices', { gatewayId: deleted }) })
    expect(row).toMatchObject({ gatewayStatus: 'deleted' })
    const drift = await florin.maintenance.findDrift({ mode: 'full' })
    expect(drift.differences.filter(({ gatewayId }) => gatewayId === deleted)).toEqual([])
    for (const type of ['paid', 'voided', 'marked_uncollectible', 'deleted', 'finalized', 'created']) {
      expect(processed()).toContain(`invoice.${type}`)
    }
  })

  it('payment_method.*: cards that come, change and go', async () => {
    const { florin, stripe, attach, advance, processed } = await hearing(/^payment_method\./)
    const card = await attach('pm_card_visa')
    await advance(1)
    const list = async () => (await florin.paymentMethods.list({ userId: alice.id }, alice)).data
    expect(await list()).toMatchObject([{ type: 'card', card: { brand: 'visa', last4: '4242' } }])
    await stripe.paymentMethods.detach(card.id)
    await advance(1)
    expect(await list()).toEqual([])
    expect(processed()).toEqual(new Set(['payment_method.attached', 'payment_method.detached']))
  })

  it('setup_intent.succeeded: a card that Stripe.js collected is the user’s at once, and read for what it is', async () => {
    const { florin, stripe, advance, refresh, processed, counts, storage } = await hearing('setup_intent.succeeded')
    const { data: setup } = await florin.paymentMethods.setUp({ userId: alice.id }, by)
    await stripe.setupIntents.confirm(setup.id, {
      payment_method: 'pm_card_visa',
      return_url: 'https://shop.example/back',
    })
    counts.reset()
    await advance(1)
    expect(processed()).toEqual(new Set(['setup_intent.succeeded']))
    expect(counts.calls).toBe(0)
    const list = async () => (await florin.paymentMethods.list({ userId: alice.id }, alice)).data
    expect(await list()).toMatchObject([{ type: 'unknown', card: null, userId: alice.id }])
    const told = async () => (await storage.load({ told: many('outbox', { status: 'pending' }) })).told
    expect(await told()).toEqual([])
    expect(await refresh()).toMatchObject({ read: 1, changed: 1 })
    expect(await list()).toMatchObject([{ type: 'card', card: { brand: 'visa', last4: '4242' } }])
    // Told once it is known what it is, and once only.
    expect(await told()).toMatchObject([{ type: 'payment_method.attached' }])
    expect(await refresh()).toMatchObject({ read: 0 })
  })

  it('setup_intent.succeeded and payment_method.attached tell of one card once, whichever comes first', async () => {
    const { florin, stripe, advance, refresh, storage } = await hearing(/^payment_method\./, 'setup_intent.succeeded')
    const { data: setup } = await florin.paymentMethods.setUp({ userId: alice.id }, by)
    const back = { return_url: 'https://shop.example/back' }
    await stripe.setupIntents.confirm(setup.id, { payment_method: 'pm_card_visa', ...back })
    await advance(1)
    expect((await florin.paymentMethods.list({ userId: alice.id }, alice)).data).toMatchObject([{ type: 'card' }])
    expect(await refresh()).toMatchObject({ read: 0 })
    const { told } = await storage.load({ told: many('outbox', { status: 'pending' }) })
    expect(told).toMatchObject([{ type: 'payment_method.attached' }])
  })

  it('checkout.session.*: a payment by Stripe’s page is the user’s, for the reference, and read for its state', async () => {
    const { florin, sandbox, advance, refresh, processed } = await hearing(/^checkout\.session\./)
    const page = {
      mode: 'payment',
      amount: 2000,
      currency: 'USD',
      description: 'An order',
      reference: 'order-7',
    } as const
    const urls = { successUrl: 'https://shop.example/done' }
    const { data: session } = await florin.checkoutSessions.create({ userId: alice.id, ...page, ...urls }, by)
    await sandbox.control('POST', `/checkout/sessions/${session.id}/complete`, {})
    await advance(1)
    expect(processed()).toEqual(new Set(['checkout.session.completed']))
    const list = async () => (await florin.payments.list({ userId: alice.id }, alice)).data
    expect(await list()).toMatchObject([{ amount: 2000, reference: 'order-7', userId: alice.id }])
    expect((await refresh()).read).toBeGreaterThan(0)
    expect(await list()).toMatchObject([{ status: 'succeeded', amountCaptured: 2000 }])
  })
})
