import Stripe from 'stripe'
import { alice, type SandboxedFlorin, service } from './sandboxed-florin.ts'

/** Stripe as the dashboard and the customer's browser use it, past Florin. */
export const stripeOf = ({ sandbox }: SandboxedFlorin) =>
  new Stripe('sk_test_florin', { httpClient: Stripe.createFetchHttpClient(sandbox.fetch), maxNetworkRetries: 0 })

/** Stripe's id of a subscription whose trial ended without a card, of Alice, who has the card given by now, if any. */
export async function pausedSubscription(
  one: SandboxedFlorin,
  { card, billingMode = 'flexible' }: { card?: string | undefined; billingMode?: 'classic' | 'flexible' } = {},
): Promise<string> {
  await one.florin.paymentMethods.setUp({ userId: alice.id }, { actor: service })
  const stripe = stripeOf(one)
  const [customer] = (await stripe.customers.list()).data
  const { id } = await stripe.subscriptions.create({
    customer: customer?.id ?? '',
    items: [{ price: 'price_1234567890' }],
    billing_mode: { type: billingMode },
    trial_period_days: 7,
    trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
  })
  await one.advance(8 * 24 * 3600)
  // Also where it gets no webhooks.
  await one.florin.maintenance.reconcile()
  if (card !== undefined) {
    const method = { userId: alice.id, paymentMethod: card, setDefault: true }
    await one.florin.paymentMethods.attach(method, { actor: service })
  }
  return id
}
