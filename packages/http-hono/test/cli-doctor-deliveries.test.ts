import { createStripeSandbox } from '@florin/stripe-sandbox'
import Stripe from 'stripe'
import { expect, onTestFinished, test } from 'vitest'
import { deliveryFinding } from '../src/cli/doctor/delivery-finding.ts'

/** An account with an endpoint that can be turned off, and payments that are told of to it. */
async function account() {
  let isUp = true
  const sandbox = createStripeSandbox({
    webhookEndpoints: [{ url: 'http://florin.test/webhooks', secret: 'whsec_deliveries' }],
    send: async () => ({ status: isUp ? 200 : 500 }),
  })
  onTestFinished(() => sandbox.close())
  const stripe = new Stripe('sk_test_deliveries', {
    httpClient: Stripe.createFetchHttpClient((input, init) => sandbox.fetch(input, init)),
    maxNetworkRetries: 0,
  })
  return {
    advance: (seconds: number) => sandbox.clock.advance(seconds),
    turn(on: boolean) {
      isUp = on
    },
    async pay() {
      await stripe.paymentIntents.create({
        ...{ amount: 1000, currency: 'usd', payment_method: 'pm_card_visa', confirm: true },
        return_url: 'https://shop.example/',
      })
      await sandbox.webhooks.settled()
    },
    examine: ({ isOnlyOurs = true } = {}) => deliveryFinding(stripe, { now: sandbox.clock.now(), isOnlyOurs }),
  }
}

test('an endpoint that takes nothing fails, however much is caught up with', async () => {
  const { turn, pay, advance, examine } = await account()
  expect(await examine()).toMatchObject({ state: 'pass', says: 'there was nothing to deliver in the last day' })
  await pay()
  expect(await examine()).toMatchObject({ state: 'pass', says: 'Stripe delivered all of the last day' })
  await advance(60)
  turn(false)
  await pay()
  // It may be under way yet.
  expect(await examine()).toMatchObject({ state: 'pass' })
  await advance(3600)
  expect(await examine()).toMatchObject({
    state: 'fail',
    says: '1 of the last day were not delivered',
    fix: expect.stringContaining('florin reconcile'),
  })
  expect(await examine({ isOnlyOurs: false })).toMatchObject({
    state: 'warn',
    says: '1 of the last day were not delivered to every endpoint of the account',
  })
})

test('what was missed before the endpoint was mended is a warning', async () => {
  const { turn, pay, advance, examine } = await account()
  turn(false)
  await pay()
  await advance(3601)
  turn(true)
  await pay()
  expect(await examine()).toMatchObject({
    state: 'warn',
    says: '1 of the last day were not delivered; later ones were',
  })
})
