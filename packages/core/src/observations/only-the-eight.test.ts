import { describe, expect, it } from 'vitest'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { differences } from '../../test/truth.ts'

/** The event types that a hurried setup selects in Stripe's dashboard. */
const eight = [
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'invoice.paid',
  'invoice.payment_failed',
  'charge.refunded',
]

const DAY = 24 * 3600
const by = { actor: service }

/** Reads again whatever is due, a quarter of an hour at a time. */
async function sweep({ florin, sandbox, counts }: SandboxedFlorin, hours: number): Promise<number> {
  counts.reset()
  for (let quarter = 0; quarter < hours * 4; quarter += 1) {
    await sandbox.clock.advance(15 * 60)
    await sandbox.webhooks.settled()
    await florin.maintenance.refresh({ limit: 1000 })
  }
  return counts.calls
}

describe('with an endpoint that sends only eight types of events', () => {
  it('what they carry is right at once, and every final state is right after the sweep', async () => {
    const endpoint = { url: 'http://florin.test/webhooks', secret: 'whsec_florin_test', enabled_events: eight }
    const one = sandboxedFlorin({ sandbox: { webhookEndpoints: [endpoint] } })
    const { florin, sandbox, advance } = one
    const order = { userId: alice.id, amount: 2000, currency: 'USD', returnUrl: 'https://shop.example/back' }
    const pay = async (paymentMethod: string) => (await florin.payments.create({ ...order, paymentMethod }, by)).data

    const paid = await pay('pm_card_visa')
    const late = await pay('pm_card_refundFail')
    const secure = await pay('pm_card_threeDSecure2Required')
    await sandbox.control('POST', `/payment_intents/${secure.stripePaymentIntentId}/authenticate`, {
      outcome: 'succeed',
    })
    await advance(5)

    // A refund from the dashboard, and one that will fail when nobody is told.
    const body = new URLSearchParams({ payment_intent: paid.stripePaymentIntentId ?? '', amount: '700' })
    const headers = { Authorization: 'Bearer sk_test_florin' }
    await sandbox.fetch('https://api.stripe.com/v1/refunds', { method: 'POST', body, headers })
    await florin.refunds.create({ transactionId: late.id, amount: 500 }, by)
    const plan = { userId: alice.id, priceId: 'price_1234567890', trialDays: 7 }
    const good = (await florin.subscriptions.create({ ...plan, paymentMethod: 'pm_card_visa' }, by)).data
    const bad = (await florin.subscriptions.create({ ...plan, paymentMethod: 'pm_card_chargeCustomerFail' }, by)).data
    await advance(1)

    expect(await florin.payments.get(secure.id, alice)).toMatchObject({ status: 'succeeded' })
    expect(await florin.payments.get(paid.id, alice)).toMatchObject({ amountRefunded: 700 })
    await advance(8 * DAY)
    expect(await florin.subscriptions.get(good.id, alice)).toMatchObject({ status: 'active' })
    expect(await florin.subscriptions.get(bad.id, alice)).toMatchObject({ status: 'past_due' })
    const { data } = await florin.invoices.listBySubscription({ subscriptionId: good.id }, alice)
    expect(data).toMatchObject([{ status: 'paid', amountPaid: 2000 }, { amountPaid: 0 }])

    const calls = await sweep(one, 24)
    expect(await differences(one)).toEqual([])
    expect((await florin.payments.get(late.id, alice)).amountRefunded).toBe(0)
    const refunds = await florin.refunds.list({ transactionId: paid.id }, alice)
    expect(refunds.data).toMatchObject([{ amount: 700, status: 'succeeded' }])
    console.log(`right after a day of sweeping, ${calls} calls`)
  })
})
