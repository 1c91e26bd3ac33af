import Stripe from 'stripe'
import { describe, expect, it } from 'vitest'
import { opened } from '../../test/opened.ts'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { type DomainEvent, domainEventTypes } from '../index.ts'
import { many } from '../ports/storage.ts'

const DAY = 24 * 3600
const by = { actor: service }
const order = { userId: alice.id, amount: 1000, currency: 'USD' }
const back = { returnUrl: 'https://shop.example/back' }

/** A life in which everything happens that Florin tells of, each thing once or as often as the expectations say. */
async function fullLife() {
  const world = sandboxedFlorin({ settings: { autoRefundDuplicates: true } })
  const { florin, sandbox, storage, advance } = world
  const heard: DomainEvent[] = []
  florin.on('*', (event) => void heard.push(event))
  const stripe = new Stripe('sk_test_florin', {
    httpClient: Stripe.createFetchHttpClient((input, init) => sandbox.fetch(input, init)),
    maxNetworkRetries: 0,
  })

  // A card that comes and goes.
  const { data: card } = await florin.paymentMethods.attach({ userId: alice.id, paymentMethod: 'pm_card_visa' }, by)
  await florin.paymentMethods.detach({ id: card.id }, by)
  await advance(2)

  // A payment that is declined, tried again with 3-D Secure, and succeeds; half of it is refunded.
  const declined = await florin.payments.create({ ...order, paymentMethod: 'pm_card_chargeDeclined' }, by)
  await advance(2)
  const secure = { paymentMethod: 'pm_card_threeDSecure2Required', ...back }
  await florin.payments.confirm({ id: declined.data.id, ...secure }, by)
  await advance(2)
  await sandbox.control('POST', `/payment_intents/${declined.data.stripePaymentIntentId}/authenticate`, {
    outcome: 'succeed',
  })
  await advance(2)
  const refund = await florin.refunds.create({ transactionId: declined.data.id, amount: 500 }, by)
  // One that is given up, and one whose refund fails when it seemed to be done.
  const open = await florin.payments.create(order, by)
  await florin.payments.cancel({ id: open.data.id }, by)
  const late = await florin.payments.create({ ...order, paymentMethod: 'pm_card_refundFail' }, by)
  await advance(2)
  const failing = await florin.refunds.create({ transactionId: late.data.id, amount: 1000 }, by)
  await advance(DAY)

  // A payment that is disputed, and lost.
  const disputed = await florin.payments.create({ ...order, paymentMethod: 'pm_card_createDispute' }, by)
  await advance(2)
  const [dispute] = (await florin.disputes.list({ transactionId: disputed.data.id }, alice)).data
  const evidence = { evidence: { uncategorized_text: 'losing_evidence' }, submit: true }
  await stripe.disputes.update(dispute?.stripeDisputeId ?? '', evidence)
  await advance(DAY)

  // One debt that is paid twice: by a page that was opened before, and on the phone.
  const debt = { ...order, reference: 'order-7' }
  const page = { ...debt, mode: 'payment', description: 'An order', successUrl: 'https://shop.example/done' } as const
  const { data: session } = await florin.checkoutSessions.create(page, by)
  const first = await florin.payments.create({ ...debt, paymentMethod: 'pm_card_visa' }, by)
  await advance(2)
  await sandbox.control('POST', `/checkout/sessions/${session.id}/complete`, {})
  await advance(2)
  await florin.maintenance.refundDuplicates()
  await advance(2)

  // A subscription that is tried, swapped and paid; its card then fails, and it is given up.
  const plan = { userId: alice.id, priceId: 'price_1234567890', trialDays: 7, paymentMethod: 'pm_card_visa' }
  const { data: subscription } = await florin.subscriptions.create(plan, by)
  await advance(8 * DAY)
  const bad = await florin.paymentMethods.attach({ userId: alice.id, paymentMethod: 'pm_card_chargeCustomerFail' }, by)
  await stripe.subscriptions.update(subscription.stripeSubscriptionId ?? '', {
    default_payment_method: bad.data.stripePaymentMethodId,
  })
  await advance(31 * DAY)
  await florin.subscriptions.cancel({ id: subscription.id }, by)
  await advance(2)

  while ((await florin.maintenance.dispatch({ limit: 100 })).delivered > 0) await advance(1)
  const { rows } = await opened(storage).load({ rows: many('outbox', {}) })
  return { ...world, heard, rows, card, declined, refund, open, late, failing, disputed, first, subscription }
}

const life = fullLife()

describe('a life in which everything happens', () => {
  it('is told in every type of event that there is', async () => {
    const { heard } = await life
    const told = new Map<string, number>()
    for (const { type } of heard) told.set(type, (told.get(type) ?? 0) + 1)
    console.log([...told].map(([type, count]) => `${type} ${count}`).join(', '))
    expect([...told.keys()].sort()).toEqual([...domainEventTypes].sort())
  })

  it('tells each fact once, and every event but by one id', async () => {
    const { heard, rows } = await life
    expect(new Set(heard.map(({ id }) => id)).size).toBe(heard.length)
    const facts = rows.map(({ objectId, type, discriminator }) => `${objectId} ${type} ${discriminator}`)
    expect(new Set(facts).size).toBe(facts.length)
    expect(heard.length).toBe(rows.length)
  })

  it('names each fact by what makes it one of its kind', async () => {
    const { rows, declined, refund, open, failing, subscription } = await life
    const named = (type: string, objectId?: string) =>
      rows
        .filter((row) => row.type === type && (objectId === undefined || row.objectId === objectId))
        .map(({ discriminator }) => discriminator)
    // Payments by their charge; what is asked of the customer by what it is.
    expect(named('payment.succeeded', declined.data.id)).toEqual([expect.stringMatching(/^ch_/)])
    expect(named('payment.failed', declined.data.id)).toEqual([expect.stringMatching(/^ch_/)])
    expect(named('payment.requires_action', declined.data.id)).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)])
    expect(named('payment.canceled', open.data.id)).toEqual(['canceled'])
    // Refunds by Stripe's id.
    expect(named('refund.succeeded', refund.data.id)).toEqual([refund.data.stripeRefundId])
    expect(named('refund.failed', failing.data.id)).toEqual([failing.data.stripeRefundId])
    expect(named('refund.succeeded', failing.data.id)).toEqual([failing.data.stripeRefundId])
    // Subscriptions: what happens once by its name, arrears by the invoice that is owed, the trial by its end.
    expect(named('subscription.created')).toEqual(['created'])
    expect(named('subscription.canceled')).toEqual(['canceled'])
    expect(named('subscription.trial_will_end')).toEqual([subscription.trialEnd])
    expect(named('subscription.past_due')).toEqual([expect.stringMatching(/^in_/)])
    // Invoices by when the attempt failed.
    expect(named('invoice.payment_failed')).toEqual([expect.stringMatching(/^\d{10}$/)])
    expect(new Set(named('invoice.paid'))).toEqual(new Set(['paid']))
    expect(named('dispute.opened')).toEqual(['opened'])
    expect(named('dispute.closed')).toEqual(['lost'])
  })

  it('carries the object as it was when the fact was proved', async () => {
    const { heard, declined, first } = await life
    for (const { type, data, objectId } of heard) {
      expect([data.object, data.id]).toEqual([type.split('.')[0], objectId])
    }
    const ofFirst = heard
      .filter(({ objectId }) => objectId === declined.data.id)
      .map(({ type, data }) => [type, 'status' in data && data.status])
    expect(ofFirst).toEqual([
      ['payment.failed', 'failed'],
      ['payment.requires_action', 'requires_action'],
      ['payment.succeeded', 'succeeded'],
    ])
    const duplicate = heard.find(({ type }) => type === 'payment.duplicate_detected')
    expect(duplicate?.data).toMatchObject({ duplicateOf: first.data.id, reference: 'order-7' })
  })

  it('tells every attempt of a payment, also with one card again and again', async () => {
    const { florin, sandbox, advance } = sandboxedFlorin()
    const heard: string[] = []
    florin.on('*', ({ type }) => void heard.push(type))
    const { data: payment } = await florin.payments.create({ ...order, paymentMethod: 'pm_card_chargeDeclined' }, by)
    const { data: card } = await florin.paymentMethods.attach(
      { userId: alice.id, paymentMethod: 'pm_card_authenticationRequired' },
      by,
    )
    for (const outcome of ['fail', 'fail', 'succeed']) {
      await advance(2)
      await florin.payments.confirm({ id: payment.id, paymentMethod: card.id, ...back }, by)
      await advance(2)
      await sandbox.control('POST', `/payment_intents/${payment.stripePaymentIntentId}/authenticate`, { outcome })
      // The sweep sees the same again, at another time.
      await advance(16 * 60)
      expect(await florin.maintenance.refresh()).toMatchObject(
        outcome === 'fail' ? { read: 1, changed: 0 } : { read: 0 },
      )
    }
    while ((await florin.maintenance.dispatch()).delivered > 0) await advance(1)
    expect(heard.filter((type) => type.startsWith('payment.'))).toEqual([
      ...['payment.failed', 'payment.requires_action', 'payment.failed', 'payment.requires_action'],
      ...['payment.failed', 'payment.requires_action', 'payment.succeeded'],
    ])
  })
})
