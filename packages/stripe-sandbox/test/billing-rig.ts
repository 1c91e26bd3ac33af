import type Stripe from 'stripe'
import { openRig, type Rig } from './rig.ts'

export const monthly = 'price_1234567890'
export const dearer = 'price_0987654321'
export const yearly = 'price_1234567890_yearly'

export const day = 86_400
export const hour = 3600

/** A rig with a customer whose card is saved, but not made a default. */
export interface BillingRig extends Rig {
  readonly customer: string
  readonly card: string
  /** Saves another test card and makes it the customer's default. */
  readonly replaceCard: (token: string) => Promise<string>
  readonly subscribe: (more?: Partial<Stripe.SubscriptionCreateParams>) => Promise<Stripe.Subscription>
  /** The newest events of a type, oldest first, as the API lists them. */
  readonly eventsOf: (type: string) => Stripe.Event[]
  /** Types received since the last call. */
  readonly news: () => string[]
  readonly latestInvoice: (subscription: string) => Promise<Stripe.Invoice>
}

/** Unix seconds of a moment in UTC, e.g. `at('2026-12-01')`. */
export const at = (moment: string): number => Date.parse(moment.length === 10 ? `${moment}T00:00:00Z` : moment) / 1000

/** Opens a rig with a customer. The card is the default of all subscriptions made by `subscribe`. */
export async function openBilling(
  token = 'pm_card_visa',
  options: Parameters<typeof openRig>[1] = {},
): Promise<BillingRig> {
  const rig = await openRig('in-process', options)
  const { stripe, sandbox } = rig
  const { id: customer } = await stripe.customers.create({ email: 'billing@florin.invalid', name: 'Ada' })
  const { id: card } = await stripe.paymentMethods.attach(token, { customer })
  let seen = rig.received.length
  const subscribe = (more: Partial<Stripe.SubscriptionCreateParams> = {}) =>
    stripe.subscriptions.create({ customer, items: [{ price: monthly }], default_payment_method: card, ...more })
  await sandbox.webhooks.settled()
  seen = rig.received.length
  return {
    ...rig,
    customer,
    card,
    subscribe,
    async replaceCard(next) {
      const { id } = await stripe.paymentMethods.attach(next, { customer })
      await stripe.customers.update(customer, { invoice_settings: { default_payment_method: id } })
      return id
    },
    eventsOf: (type) => rig.received.filter((event) => event.type === type),
    news() {
      const types = rig.types().slice(seen)
      seen = rig.received.length
      return types
    },
    async latestInvoice(subscription) {
      const { data } = await stripe.invoices.list({ subscription, limit: 1, expand: ['data.payments'] })
      const [latest] = data
      if (latest === undefined) throw new Error(`no invoice for ${subscription}`)
      return latest
    },
  }
}
