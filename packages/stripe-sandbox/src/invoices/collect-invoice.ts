import { customers, isLive } from '../customers/customer.ts'
import { idOf } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import { changedFrom } from '../engine/previous-attributes.ts'
import { invalidRequest, type StripeFailure } from '../engine/stripe-failure.ts'
import { intentInvoices, intentOf, markPaymentCanceled } from '../invoice-payments/invoice-payment.ts'
import { attemptPayment } from '../payment-intents/attempt-payment.ts'
import { paymentIntents } from '../payment-intents/payment-intent.ts'
import { paymentMethods } from '../payment-methods/payment-method.ts'
import { findSubscription } from '../subscriptions/subscription.ts'
import { attemptsOn, collectionAttempts, collectTask, nextAttempt } from './collection-attempt.ts'
import { changeCustomer, openPayment } from './finalize-invoice.ts'
import { invoices, isPayable, type StoredInvoice, subscriptionOf } from './invoice.ts'
import { settleInvoice } from './settle-invoice.ts'

/** How an attempt to collect ended. */
export type Collected =
  | { readonly outcome: 'paid' | 'requires_action' }
  | { readonly outcome: 'declined'; readonly error: StripeFailure }

/** How to collect. */
export interface CollectOptions {
  /** Stripe does it by itself, as the retry schedule says. */
  readonly automatic: boolean
  readonly off_session: boolean
  readonly payment_method?: string
}

/**
 * Tries to take what an open invoice asks for. What follows for the invoice comes from the PaymentIntent's events, as it
 * does when the customer pays by the client secret.
 */
export function collectInvoice(context: Context, id: string, options: CollectOptions): Collected {
  const invoice = context.inPath(invoices, id, 'invoice')
  if (invoice.amount_remaining === 0) {
    settleInvoice(context, id, 'nothing_due')
    return { outcome: 'paid' }
  }
  const intent = usableIntent(context, invoice)
  const method = options.payment_method ?? methodFor(context, invoice)
  context.store.put(collectionAttempts, { id, automatic: options.automatic })
  try {
    if (method === null) {
      failAttempt(context, id, { needsCustomer: false })
      return { outcome: 'declined', error: noPaymentMethod() }
    }
    const { automatic: _, ...how } = options
    const attempt = attemptPayment(context, intent, { ...how, payment_method: method })
    if (attempt.outcome === 'declined') return { outcome: 'declined', error: attempt.error }
    return { outcome: attempt.outcome === 'succeeded' ? 'paid' : 'requires_action' }
  } finally {
    context.store.remove(collectionAttempts, id)
  }
}

/** The invoice's PaymentIntent. One that somebody has canceled meanwhile is replaced. */
function usableIntent(context: Context, invoice: StoredInvoice): string {
  const known = context.store.find(paymentIntents, intentOf(context, invoice.id) ?? '')
  if (known !== undefined && known.status !== 'canceled') return known.id
  markPaymentCanceled(context, invoice.id)
  return openPayment(context, invoice)
}

/** The card that pays an invoice: its own, its subscription's, its customer's. One that was detached counts as none. */
export function methodFor(context: Context, invoice: StoredInvoice): string | null {
  const customer = context.store.find(customers, invoice.customer ?? '')
  const candidates = [
    invoice.default_payment_method,
    findSubscription(context, subscriptionOf(invoice))?.default_payment_method,
    isLive(customer) ? idOf(customer.invoice_settings.default_payment_method) : null,
  ]
  const usable = (id: string): boolean => context.store.find(paymentMethods, id)?.customer === invoice.customer
  return candidates.find((id): id is string => typeof id === 'string' && usable(id)) ?? null
}

/** 400: there is nothing to charge. */
export const noPaymentMethod = (): StripeFailure =>
  invalidRequest(
    'This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.',
    { code: 'resource_missing' },
  )

/** The reaction to a PaymentIntent that was paid. */
export function onPaymentSucceeded(context: Context, intent: string): void {
  const invoice = invoiceOfIntent(context, intent)
  if (invoice !== undefined && isPayable(invoice)) settleInvoice(context, invoice.id, 'payment')
}

/** The reaction to a PaymentIntent that was declined. */
export function onPaymentFailed(context: Context, intent: string): void {
  const invoice = invoiceOfIntent(context, intent)
  if (invoice === undefined || !isPayable(invoice)) return
  const code = context.store.find(paymentIntents, intent)?.last_payment_error?.code
  failAttempt(context, invoice.id, { needsCustomer: code === 'authentication_required' })
}

/** The reaction to a PaymentIntent that the customer must authenticate. */
export function onActionRequired(context: Context, intent: string): void {
  const invoice = invoiceOfIntent(context, intent)
  if (invoice === undefined || !isPayable(invoice)) return
  // A customer who is paying right now has not failed to.
  if (context.store.find(collectionAttempts, invoice.id) === undefined) {
    context.emit('invoice.payment_action_required', invoice)
  } else {
    failAttempt(context, invoice.id, { needsCustomer: true })
  }
}

const invoiceOfIntent = (context: Context, intent: string): StoredInvoice | undefined =>
  context.store.find(invoices, context.store.find(intentInvoices, intent)?.invoice ?? '')

function failAttempt(context: Context, id: string, { needsCustomer }: { needsCustomer: boolean }): void {
  const before = context.inPath(invoices, id, 'invoice')
  const attempts = attemptsOn(context, before)
  const next = nextAttempt(context, before, attempts)
  const failed = context.store.update(invoices, id, {
    attempt_count: attempts,
    attempted: true,
    next_payment_attempt: next,
  })
  if (next !== null && next !== before.next_payment_attempt) {
    context.unschedule(collectTask, id)
    context.schedule({ at: next, kind: collectTask, id })
  }
  const previous = changedFrom(before, failed)
  if (Object.keys(previous).length > 0) context.emit('invoice.updated', failed, previous)
  if (needsCustomer) context.emit('invoice.payment_action_required', failed)
  context.emit('invoice.payment_failed', failed)
  if (failed.customer !== null) changeCustomer(context, failed.customer, { delinquent: true })
}
