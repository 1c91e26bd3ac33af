import { customers, isLive } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { changedFrom } from '../engine/previous-attributes.ts'
import { intentOf, markPaymentCanceled, markPaymentPaid } from '../invoice-payments/invoice-payment.ts'
import { cancelPaymentIntent } from '../payment-intents/cancel-payment-intent.ts'
import { paymentIntents } from '../payment-intents/payment-intent.ts'
import { attemptsOn, collectTask } from './collection-attempt.ts'
import { changeCustomer } from './finalize-invoice.ts'
import { invoices, type StoredInvoice } from './invoice.ts'

/** How an invoice came to be paid. */
type Settlement = 'payment' | 'nothing_due' | 'out_of_band'

/** Marks an invoice as paid, with all its events. The payment itself has happened already, or was not needed. */
export function settleInvoice(context: Context, id: string, settlement: Settlement): StoredInvoice {
  const before = context.inPath(invoices, id, 'invoice')
  context.unschedule(collectTask, id)
  if (settlement === 'payment') markPaymentPaid(context, id)
  if (settlement === 'out_of_band') endPayment(context, id, 'automatic')
  const attempted = settlement === 'payment' ? attemptsOn(context, before) : before.attempt_count
  const paid = context.store.update(invoices, id, {
    amount_paid: before.amount_due,
    amount_remaining: 0,
    attempt_count: attempted,
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'paid',
    status_transitions: { ...before.status_transitions, paid_at: context.now },
  })
  context.emit('invoice.updated', paid, changedFrom(before, paid))
  context.emit('invoice.paid', paid)
  if (settlement !== 'out_of_band') context.emit('invoice.payment_succeeded', paid)
  const customer = context.store.find(customers, paid.customer ?? '')
  if (isLive(customer) && customer.delinquent === true && !owesElse(context, paid)) {
    changeCustomer(context, customer.id, { delinquent: false })
  }
  return paid
}

const owesElse = (context: Context, { id, customer }: StoredInvoice): boolean =>
  context.store
    .all(invoices)
    .some((other) => other.id !== id && other.customer === customer && other.status === 'open' && other.attempted)

/** Closes an invoice without money: voided, or given up as a loss. */
export function closeInvoice(
  context: Context,
  id: string,
  status: 'void' | 'uncollectible',
  reason: 'user_forgiven' | 'subscription_paused' = 'user_forgiven',
): StoredInvoice {
  const before = context.inPath(invoices, id, 'invoice')
  context.unschedule(collectTask, id)
  if (status === 'void') endPayment(context, id, 'void_invoice')
  const moment = status === 'void' ? { voided_at: context.now } : { marked_uncollectible_at: context.now }
  const closed = context.store.update(invoices, id, {
    auto_advance: false,
    next_payment_attempt: null,
    status,
    status_transitions: { ...before.status_transitions, ...moment },
    ...(status === 'void' ? {} : { status_details: { uncollectible: { reason } } }),
  })
  context.emit('invoice.updated', closed, changedFrom(before, closed))
  context.emit(status === 'void' ? 'invoice.voided' : 'invoice.marked_uncollectible', closed)
  // What the customer's balance had given to the invoice goes back to it.
  const given = (before.ending_balance ?? 0) - before.starting_balance
  const customer = context.store.find(customers, closed.customer ?? '')
  if (status === 'void' && isLive(customer)) changeCustomer(context, customer.id, { balance: customer.balance - given })
  return closed
}

function endPayment(context: Context, id: string, reason: 'automatic' | 'void_invoice'): void {
  const intent = context.store.find(paymentIntents, intentOf(context, id) ?? '')
  markPaymentCanceled(context, id)
  if (intent !== undefined && intent.status !== 'succeeded' && intent.status !== 'canceled') {
    cancelPaymentIntent(context, intent.id, reason)
  }
}
