import type Stripe from 'stripe'

/** A product with one plan: two weeks free, then monthly. */
const PLAN = 'price_1234567890'

/** Signs somebody up: a customer with a card, and a trial of two weeks. */
export async function signUp(stripe: Stripe, email: string, card: string): Promise<Stripe.Subscription> {
  const customer = await stripe.customers.create({ email })
  const method = await stripe.paymentMethods.attach(card, { customer: customer.id })
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } })
  return stripe.subscriptions.create({ customer: customer.id, items: [{ price: PLAN }], trial_period_days: 14 })
}

/** Whether the product is open to them: in the trial, while paid, and not while a payment is overdue. */
export async function hasAccess(stripe: Stripe, subscriptionId: string): Promise<boolean> {
  const { status } = await stripe.subscriptions.retrieve(subscriptionId)
  return status === 'trialing' || status === 'active'
}

/** Replaces the card and pays what is open with it. */
export async function replaceCard(stripe: Stripe, customerId: string, card: string): Promise<void> {
  const method = await stripe.paymentMethods.attach(card, { customer: customerId })
  await stripe.customers.update(customerId, { invoice_settings: { default_payment_method: method.id } })
  const open = await stripe.invoices.list({ customer: customerId, status: 'open' })
  for (const invoice of open.data) await stripe.invoices.pay(invoice.id ?? '')
}
