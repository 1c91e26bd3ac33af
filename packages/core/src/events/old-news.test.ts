import Stripe from 'stripe'
import { describe, expect, it } from 'vitest'
import { replicaOf } from '../../test/replica.ts'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

const DAY = 24 * 3600

const stripeOf = ({ sandbox }: SandboxedFlorin) =>
  new Stripe('sk_test_florin', {
    httpClient: Stripe.createFetchHttpClient((input, init) => sandbox.fetch(input, init)),
    maxNetworkRetries: 0,
  })

/** A shop that has lived on Stripe for a while. Florin is installed now: from here on it hears of what happens. */
async function installedLate() {
  let isInstalled = false
  const world: SandboxedFlorin = sandboxedFlorin({
    sandbox: {
      send: async (_, body, headers) => {
        if (isInstalled)
          await world.florin.webhooks.receive(body, headers['Stripe-Signature'] ?? headers['stripe-signature'])
        return { status: 200 }
      },
    },
  })
  const { florin, advance } = world
  const stripe = stripeOf(world)
  const heard: string[] = []
  florin.on('*', ({ type, data }) => void heard.push(`${type} ${'amount' in data ? data.amount : data.object}`))
  const told = async () => {
    while ((await florin.maintenance.dispatch({ limit: 100 })).delivered > 0) await advance(1)
    return heard.splice(0).sort()
  }
  const customer = await stripe.customers.create({ metadata: { florin_user: alice.id } })
  const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
  const pay = (amount: number, payment_method = card.id) =>
    stripe.paymentIntents.create({
      ...{ amount, currency: 'usd', customer: customer.id, payment_method, confirm: true },
      return_url: 'https://shop.example/back',
    })
  const old = await pay(5000)
  const subscription = await stripe.subscriptions.create({
    ...{ customer: customer.id, default_payment_method: card.id, items: [{ price: 'price_1234567890' }] },
  })
  await advance(10 * DAY)
  isInstalled = true
  return { ...world, stripe, told, pay, old, subscription, customer }
}

describe('what is older than the installation', () => {
  it('tells nothing of its past when it is first seen, and tells what happens from then on', async () => {
    const { florin, stripe, told, pay, old, subscription, advance } = await installedLate()
    // Somebody refunds an old payment and changes an old subscription: Florin meets both for the first time.
    await stripe.refunds.create({ payment_intent: old.id, amount: 700 })
    await stripe.subscriptions.update(subscription.id, { metadata: { note: 'x' } })
    await pay(1000)
    await advance(10)
    await florin.maintenance.refresh({ limit: 100 })
    expect(await florin.payments.get(old.id, service)).toMatchObject({ status: 'succeeded', amountRefunded: 700 })
    expect(await florin.subscriptions.get(subscription.id, service)).toMatchObject({ status: 'active' })
    expect(await told()).toEqual(['payment.succeeded 1000', 'refund.succeeded 700'])

    // What is known by now tells of itself as ever.
    await advance(25 * DAY)
    expect(await told()).toEqual([
      'invoice.paid invoice',
      'payment.succeeded 2000',
      'subscription.updated subscription',
    ])
    await stripe.subscriptions.cancel(subscription.id)
    await advance(10)
    expect(await told()).toEqual(['subscription.canceled subscription', 'subscription.updated subscription'])
  })

  it('tells nothing when the events of 30 days are caught up with', async () => {
    const { florin, told, old, pay, advance } = await installedLate()
    expect(await florin.maintenance.reconcile()).toMatchObject({ failed: 0 })
    await florin.maintenance.refresh({ limit: 100 })
    expect(await florin.payments.get(old.id, service)).toMatchObject({ status: 'succeeded' })
    expect(await told()).toEqual([])
    await pay(1000)
    await advance(10)
    expect(await told()).toEqual(['payment.succeeded 1000'])
  })

  it('is known to every process, from one time that is kept', async () => {
    const { florin, stripe, told, pay, old, advance, ...world } = await installedLate()
    await pay(1000)
    await advance(10)
    expect(await told()).toEqual(['payment.succeeded 1000'])
    // Another process, which has not received anything yet, catches up.
    const other = replicaOf({ ...world, florin, advance })
    await other.maintenance.reconcile()
    await other.maintenance.refresh({ limit: 100 })
    expect(await florin.payments.get(old.id, service)).toMatchObject({ status: 'succeeded' })
    expect(await told()).toEqual([])
  })
})
