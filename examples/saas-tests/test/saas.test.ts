import { createStripeSandbox, type StripeSandbox } from '@florin/stripe-sandbox'
import Stripe from 'stripe'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { hasAccess, replaceCard, signUp } from '../src/saas.ts'

const DAY = 24 * 3600
const started = performance.now()

let sandbox: StripeSandbox
let stripe: Stripe

beforeEach(() => {
  sandbox = createStripeSandbox()
  stripe = new Stripe('sk_test_saas', { httpClient: Stripe.createFetchHttpClient(sandbox.fetch), telemetry: false })
})

afterAll(() => console.log(`a year of billing in ${Math.round(performance.now() - started)} ms`))

const customerOf = ({ customer }: Stripe.Subscription) => (typeof customer === 'string' ? customer : customer.id)
const paid = async (customer: string) =>
  (await stripe.invoices.list({ customer, status: 'paid', limit: 100 })).data.map(({ amount_paid }) => amount_paid)

it('is free for two weeks, and then costs 20 dollars', async () => {
  const subscription = await signUp(stripe, 'ada@example.com', 'pm_card_visa')
  expect(await hasAccess(stripe, subscription.id)).toBe(true)
  await sandbox.clock.advance(13 * DAY)
  expect(await paid(customerOf(subscription))).toEqual([0])
  await sandbox.clock.advance(2 * DAY)
  expect(await paid(customerOf(subscription))).toEqual([2000, 0])
})

it('is renewed every month for a year', async () => {
  const subscription = await signUp(stripe, 'ada@example.com', 'pm_card_visa')
  await sandbox.clock.advance(365 * DAY)
  const invoices = await paid(customerOf(subscription))
  expect(invoices.filter((amount) => amount === 2000)).toHaveLength(12)
  expect(await hasAccess(stripe, subscription.id)).toBe(true)
})

it('closes when the card fails, and opens again with another one', async () => {
  const subscription = await signUp(stripe, 'bob@example.com', 'pm_card_chargeCustomerFail')
  await sandbox.clock.advance(15 * DAY)
  expect(await hasAccess(stripe, subscription.id)).toBe(false)
  await replaceCard(stripe, customerOf(subscription), 'pm_card_visa')
  expect(await hasAccess(stripe, subscription.id)).toBe(true)
})

it('ends after the last retry', async () => {
  const subscription = await signUp(stripe, 'bob@example.com', 'pm_card_chargeCustomerFail')
  await sandbox.clock.advance(40 * DAY)
  const { status } = await stripe.subscriptions.retrieve(subscription.id)
  expect(status).toBe('canceled')
})
