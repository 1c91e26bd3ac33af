import { describe, expect, it } from 'vitest'
import { keptWebhooks } from '../../test/kept-webhooks.ts'
import { stripeOf } from '../../test/paused-subscription.ts'
import { alice, bob, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import type { DomainEventType } from '../index.ts'
import { many } from '../ports/storage.ts'

const DAY = 24 * 3600
const by = { actor: service }
const monthly = { userId: alice.id, priceId: 'price_1234567890' }

const told = async ({ storage }: SandboxedFlorin, type: DomainEventType) => {
  const { rows } = await storage.load({ rows: many('outbox', {}) })
  return rows.filter((row) => row.type === type).length
}

const sent = ({ sandbox }: SandboxedFlorin, type: string) =>
  sandbox.state.all('event').filter((event) => 'type' in event && event.type === type).length

describe('every attempt that failed is told', () => {
  it('of a first invoice, which the customer tries to pay in vain', async () => {
    const one = sandboxedFlorin()
    const { data } = await one.florin.subscriptions.create(monthly, by)
    const intent = data.clientSecret?.split('_secret_')[0] ?? ''
    for (const card of ['pm_card_chargeDeclined', 'pm_card_visa_chargeDeclinedInsufficientFunds']) {
      await one.advance(60)
      await expect(stripeOf(one).paymentIntents.confirm(intent, { payment_method: card })).rejects.toThrow()
    }
    await one.advance(60)
    expect(sent(one, 'invoice.payment_failed')).toBe(2)
    expect(await told(one, 'invoice.payment_failed')).toBe(2)
  })

  it('of a renewal, by the customer between two of Stripe’s own', async () => {
    const one = sandboxedFlorin()
    await one.florin.subscriptions.create({ ...monthly, paymentMethod: 'pm_card_chargeCustomerFail', trialDays: 7 }, by)
    await one.advance(8 * DAY)
    const [invoice] = (await one.florin.invoices.list({ userId: alice.id, limit: 1 }, alice)).data
    await expect(stripeOf(one).invoices.pay(invoice?.stripeInvoiceId ?? '')).rejects.toThrow()
    await one.advance(60)
    expect(sent(one, 'invoice.payment_failed')).toBe(2)
    expect(await told(one, 'invoice.payment_failed')).toBe(2)
  })

  it('of 3-D Secure, where nothing is told of what lies between', async () => {
    const endpoint = { url: 'http://florin.test/webhooks', secret: 'whsec_florin_test' }
    const enabled_events = ['payment_intent.succeeded', 'payment_intent.payment_failed']
    const one = sandboxedFlorin({ sandbox: { webhookEndpoints: [{ ...endpoint, enabled_events }] } })
    const { data } = await one.florin.payments.create({ userId: alice.id, amount: 1000, currency: 'USD' }, by)
    const intent = data.stripePaymentIntentId ?? ''
    for (let times = 0; times < 2; times += 1) {
      await one.advance(60)
      await stripeOf(one).paymentIntents.confirm(intent, {
        payment_method: 'pm_card_threeDSecure2Required',
        return_url: 'https://shop.example/back',
      })
      await one.sandbox.control('POST', `/payment_intents/${intent}/authenticate`, { outcome: 'fail' })
    }
    await one.advance(60)
    expect(sent(one, 'payment_intent.payment_failed')).toBe(2)
    expect(await told(one, 'payment.failed')).toBe(2)
  })

  it('of 3-D Secure, where it is heard of only after the next card was declined', async () => {
    const { kept, ...one } = keptWebhooks()
    const returnUrl = 'https://shop.example/back'
    const order = { userId: alice.id, amount: 1000, currency: 'USD', returnUrl }
    const asked = await one.florin.payments.create({ ...order, paymentMethod: 'pm_card_threeDSecure2Required' }, by)
    await one.advance(60)
    const intent = asked.data.stripePaymentIntentId
    await one.sandbox.control('POST', `/payment_intents/${intent}/authenticate`, { outcome: 'fail' })
    await one.advance(60)
    await one.florin.payments.confirm({ id: asked.data.id, paymentMethod: 'pm_card_chargeDeclined', returnUrl }, by)
    await one.advance(60)
    for (const { body, signature } of [...kept, ...kept]) await one.florin.webhooks.receive(body, signature)
    expect(await told(one, 'payment.failed')).toBe(2)
  })
})

it('a subscription that is past due a second time in one period is told so', async () => {
  const one = sandboxedFlorin()
  const { data } = await one.florin.subscriptions.create({ ...monthly, paymentMethod: 'pm_card_visa' }, by)
  const attach = async (paymentMethod: string) =>
    (await one.florin.paymentMethods.attach({ userId: alice.id, paymentMethod }, by)).data.stripePaymentMethodId
  const [bad, good] = [await attach('pm_card_chargeCustomerFail'), await attach('pm_card_mastercard')]
  const { id } = data
  for (const quantity of [2, 3]) {
    await one.advance(60)
    await one.florin.subscriptions.update({ id, paymentMethod: bad }, by)
    await one.florin.subscriptions.update({ id, quantity, proration: 'always_invoice' }, by)
    await one.advance(60)
    expect((await one.florin.subscriptions.get(id, alice)).status).toBe('past_due')
    const { data: invoices } = await one.florin.invoices.list({ userId: alice.id }, alice)
    const open = invoices.find(({ status }) => status === 'open')
    await stripeOf(one).invoices.pay(open?.stripeInvoiceId ?? '', { payment_method: good })
    await one.advance(60)
    expect((await one.florin.subscriptions.get(id, alice)).status).toBe('active')
  }
  expect(await told(one, 'subscription.past_due')).toBe(2)
})

it('metadata that were copied to another subscription show its invoice to nobody else', async () => {
  const { kept, ...one } = keptWebhooks()
  const { data } = await one.florin.subscriptions.create({ ...monthly, paymentMethod: 'pm_card_visa' }, by)
  const card = { userId: bob.id, paymentMethod: 'pm_card_visa', setDefault: true }
  await one.florin.paymentMethods.attach(card, { actor: bob })
  await one.advance(60)
  const stripe = stripeOf(one)
  const { metadata } = await stripe.subscriptions.retrieve(data.stripeSubscriptionId ?? '')
  const bobs = (await stripe.customers.list()).data.find((customer) => customer.metadata.florin_user === bob.id)
  kept.length = 0
  await stripe.subscriptions.create({ customer: bobs?.id ?? '', items: [{ price: 'price_1234567890' }], metadata })
  await one.advance(1)
  const isInvoice = ({ body }: { body: string }) => Number(body.includes('"type":"invoice.paid"'))
  // The invoice comes before its subscription.
  for (const { body, signature } of kept.toSorted((a, b) => isInvoice(b) - isInvoice(a))) {
    await one.florin.webhooks.receive(body, signature)
  }
  const subscriptionsOf = async (actor: typeof alice) =>
    (await one.florin.invoices.list({ userId: actor.id }, actor)).data.map((invoice) => invoice.subscriptionId)
  const [its] = (await one.florin.subscriptions.list({ userId: bob.id }, bob)).data
  expect([await subscriptionsOf(alice), await subscriptionsOf(bob)]).toEqual([[data.id], [its?.id]])
})
