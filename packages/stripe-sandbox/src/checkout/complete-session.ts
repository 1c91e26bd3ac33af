import { z } from 'zod'
import { customers, isLive } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { control } from '../engine/control-route.ts'
import { invalidRequest, StripeFailure } from '../engine/stripe-failure.ts'
import { collectInvoice } from '../invoices/collect-invoice.ts'
import { invoices, subscriptionOf } from '../invoices/invoice.ts'
import { attemptPayment } from '../payment-intents/attempt-payment.ts'
import { openPaymentIntent } from '../payment-intents/open-payment-intent.ts'
import { attachPaymentMethod } from '../payment-methods/attach-payment-method.ts'
import { usablePaymentMethod } from '../payment-methods/payment-method.ts'
import { attemptSetup } from '../setup-intents/attempt-setup.ts'
import { setupIntents } from '../setup-intents/setup-intent.ts'
import { createSubscription } from '../subscriptions/create-subscription.ts'
import { subscriptions } from '../subscriptions/subscription.ts'
import {
  checkoutLinks,
  checkoutPlans,
  checkoutSessions,
  completeSession,
  type StoredCheckoutSession,
} from './checkout-session.ts'

/**
 * What the customer does on the page. Answers the session, and the error if the card was declined. A session whose card
 * asks for authentication stays open until that is done with the control of its intent.
 */
export const completeSessionControl = control({
  method: 'POST',
  path: '/checkout/sessions/:id/complete',
  summary: 'What the customer does on the page.',
  body: z.strictObject({ payment_method: z.string().default('pm_card_visa'), email: z.string().exactOptional() }),
  handler(context, { payment_method: method, email }, id) {
    const session = context.inPath(checkoutSessions, id, 'session')
    if (session.status !== 'open') throw invalidRequest(`The session is ${session.status}.`, { param: 'session' })
    try {
      // A declined card leaves no subscription behind, as on Stripe's page.
      const refused = context.attempt(() =>
        perform(context, session, { method, email: email ?? session.customer_email }),
      )
      const error = refused === undefined ? {} : { error: refused.body }
      return { session: context.inPath(checkoutSessions, id), ...error }
    } catch (error) {
      if (!(error instanceof StripeFailure) || error.status !== 402) throw error
      return { session: context.inPath(checkoutSessions, id), error: error.body }
    }
  },
})

interface Submission {
  readonly method: string
  readonly email: string | null
}

/** Tries what the session is for. A declined payment is answered, since its PaymentIntent stays. */
function perform(context: Context, session: StoredCheckoutSession, sent: Submission): StripeFailure | undefined {
  if (session.mode === 'subscription') return subscribe(context, session, sent)
  const method = usablePaymentMethod(context, sent.method, 'payment_method').id
  noteCustomer(context, session, sent.email)
  if (session.mode === 'setup') {
    const attempt = attemptSetup(context, session.setup_intent ?? '', { payment_method: method })
    return attempt.outcome === 'declined' ? attempt.error : undefined
  }
  const intent = session.payment_intent ?? openPayment(context, session)
  const attempt = attemptPayment(context, intent, { payment_method: method, off_session: false })
  return attempt.outcome === 'declined' ? attempt.error : undefined
}

function openPayment(
  context: Context,
  { id, customer, amount_total: amount, currency }: StoredCheckoutSession,
): string {
  const { payment } = context.inPath(checkoutPlans, id)
  const intent = openPaymentIntent(context, {
    amount: amount ?? 0,
    currency: currency ?? 'usd',
    customer,
    ...payment,
  })
  context.store.put(checkoutLinks, { id: intent.id, session: id })
  context.store.update(checkoutSessions, id, { payment_intent: intent.id })
  return intent.id
}

function subscribe(
  context: Context,
  session: StoredCheckoutSession,
  { method, email }: Submission,
): StripeFailure | undefined {
  const { items, subscription: data } = context.inPath(checkoutPlans, session.id)
  const customer = session.customer ?? makeCustomer(context, email)
  const card = attachPaymentMethod(context, method, customer).id
  const pairs = (recurring: boolean) =>
    items
      .filter((item) => (item.price.recurring !== null) === recurring)
      .map((item) => ({ price: item.price.id, quantity: item.quantity ?? 1 }))
  const made = createSubscription(context, {
    customer,
    items: pairs(true),
    add_invoice_items: pairs(false),
    default_payment_method: card,
    payment_behavior: 'default_incomplete',
    ...data,
  })
  context.store.put(checkoutLinks, { id: made.id, session: session.id })
  context.store.update(checkoutSessions, session.id, { customer, subscription: made.id, invoice: made.latest_invoice })
  noteCustomer(context, session, email)
  if (made.status !== 'incomplete') finishSubscription(context, made.id, made.status === 'trialing')
  else {
    const collected = collectInvoice(context, made.latest_invoice ?? '', { automatic: false, off_session: false })
    if (collected.outcome === 'declined') throw collected.error
  }
  return undefined
}

/** As if the API had been asked for it. */
function makeCustomer(context: Context, email: string | null): string {
  const match = context.registry.matchRoute('POST', '/v1/customers')
  const made = match?.route.prepare(email === null ? {} : { email }, []).run(context)
  if (made === undefined || !('id' in made) || typeof made.id !== 'string') throw new Error('no customer was made')
  return made.id
}

/** Notes who it is, for the session's details. */
function noteCustomer(context: Context, { id }: StoredCheckoutSession, email: string | null): void {
  const { customer: owner } = context.inPath(checkoutSessions, id)
  const customer = context.store.find(customers, owner ?? '')
  const known = isLive(customer) ? customer : undefined
  context.store.update(checkoutSessions, id, {
    customer_details: {
      address: known?.address ?? null,
      business_name: null,
      email: known?.email ?? email,
      individual_name: null,
      name: known?.name ?? null,
      phone: known?.phone ?? null,
      tax_exempt: 'none',
      tax_ids: [],
    },
  })
}

/** The reaction to a payment: the session that it was made by is complete. */
export function onPaid(context: Context, intent: string): void {
  const link = context.store.find(checkoutLinks, intent)
  if (link !== undefined) completeSession(context, link.session, { payment_status: 'paid' })
}

/** The reaction to a sum that is held for a later capture. */
export function onHeld(context: Context, intent: string): void {
  const link = context.store.find(checkoutLinks, intent)
  if (link !== undefined) completeSession(context, link.session, { payment_status: 'unpaid' })
}

/** The reaction to a card that was set up. */
export function onSetUp(context: Context, id: string): void {
  const link = context.store.find(checkoutLinks, id)
  const customer = context.store.find(setupIntents, id)?.customer ?? null
  if (link !== undefined) completeSession(context, link.session, { customer })
}

/** The reaction to a subscription's first invoice. */
export function onFirstInvoicePaid(context: Context, id: string): void {
  const subscription = subscriptionOf(context.inPath(invoices, id))
  if (subscription !== null && context.store.find(checkoutLinks, subscription) !== undefined) {
    finishSubscription(context, subscription, false)
  }
}

function finishSubscription(context: Context, id: string, later: boolean): void {
  const session = context.store.find(checkoutLinks, id)?.session
  const { latest_invoice: invoice } = context.inPath(subscriptions, id)
  if (session === undefined) return
  const before = context.inPath(checkoutSessions, session)
  completeSession(context, session, {
    invoice: before.invoice ?? invoice,
    payment_status: later ? 'no_payment_required' : 'paid',
  })
}
