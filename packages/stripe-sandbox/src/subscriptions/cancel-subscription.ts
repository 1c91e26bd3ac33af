import type { Context } from '../engine/context.ts'
import type { ParamsOf } from '../engine/params.ts'
import { changeAndEmit } from '../engine/previous-attributes.ts'
import { resourceMissing } from '../engine/stripe-failure.ts'
import { invoiceItems, pendingItems, removeInvoiceItem, subscriptionOfItem } from '../invoice-items/invoice-item.ts'
import { collectInvoice } from '../invoices/collect-invoice.ts'
import { collectTask } from '../invoices/collection-attempt.ts'
import { finalizeTask } from '../invoices/draft-invoice.ts'
import { invoices, subscriptionOf } from '../invoices/invoice.ts'
import { settleInvoice } from '../invoices/settle-invoice.ts'
import { creditUnused } from './proration.ts'
import { isEnded, type StoredSubscription, subscriptions } from './subscription.ts'
import { invoiceNow } from './subscription-invoice.ts'
import type { cancellationDetails } from './subscription-params.ts'
import { scheduleSubscription } from './subscription-schedule.ts'
import { cancelPendingSetup } from './subscription-trial.ts'

/** Why it ends, in Stripe's words. */
export type CancellationReason = 'cancellation_requested' | 'payment_failed' | null

type Details = ParamsOf<{ details: ReturnType<typeof cancellationDetails> }>['details']

/** What a request to cancel says. */
export interface CancelParams {
  readonly cancellation_details?: Details
  readonly invoice_now?: boolean
  readonly prorate?: boolean
}

/** Cancels at once, as a request asks: unused time is given back and a last invoice is made only if it says so. */
export function cancelSubscription(context: Context, id: string, params: CancelParams): StoredSubscription {
  const subscription = context.inPath(subscriptions, id)
  if (isEnded(subscription)) throw resourceMissing('subscription', id, { path: 'id' })
  const { invoice_now: invoices = false, prorate = false, cancellation_details: details } = params
  const settled = subscription.status !== 'incomplete' && subscription.status !== 'trialing'
  if (prorate && settled) {
    for (const item of subscription.items.data) creditUnused(context, { subscription, item, from: context.now })
  }
  if (!invoices && !prorate) dropPendingProrations(context, id)
  const ended = close(context, id, { reason: 'cancellation_requested', details })
  const last = invoices ? lastInvoice(context, ended) : undefined
  // The event tells of the last invoice too, for no other follows.
  context.emit('customer.subscription.deleted', context.inPath(subscriptions, id))
  if (last?.amount_due === 0) settleInvoice(context, last.id, 'nothing_due')
  else if (last !== undefined) collectInvoice(context, last.id, { automatic: true, off_session: true })
  return context.inPath(subscriptions, id)
}

function lastInvoice(context: Context, { id, customer, currency, items }: StoredSubscription) {
  if (pendingItems(context, { customer, subscription: id, currency }).length === 0) return undefined
  const start = Math.min(...items.data.map((item) => item.current_period_start))
  return invoiceNow(context, id, {
    reason: 'subscription_update',
    lines: [],
    period: { start, end: context.now },
    auto_advance: true,
  })
}

/** Corrections that were never invoiced are forgotten with the subscription. */
function dropPendingProrations(context: Context, id: string): void {
  for (const item of context.store.all(invoiceItems)) {
    if (item.invoice === null && item.proration && subscriptionOfItem(item) === id) removeInvoiceItem(context, item)
  }
}

/** Ends a subscription at once. Nothing is refunded, and its unpaid invoices are collected no more by themselves. */
export function endSubscription(context: Context, id: string, how: { reason: CancellationReason }): StoredSubscription {
  const ended = close(context, id, how)
  context.emit('customer.subscription.deleted', ended)
  return ended
}

function close(
  context: Context,
  id: string,
  { reason, details }: { reason: CancellationReason; details?: Details | undefined },
): StoredSubscription {
  const before = context.inPath(subscriptions, id)
  const ended = context.store.update(subscriptions, id, {
    cancel_at: before.cancel_at,
    canceled_at: before.canceled_at ?? context.now,
    cancellation_details: detailsOf(before, reason, details),
    ended_at: context.now,
    pause_collection: null,
    pending_setup_intent: null,
    status: 'canceled',
  })
  cancelPendingSetup(context, before)
  scheduleSubscription(context, ended)
  stopCollection(context, id)
  return ended
}

/** What is known of why it was canceled, with what was said now. */
export function detailsOf(
  { cancellation_details: known }: StoredSubscription,
  reason: CancellationReason,
  said: Details,
): StoredSubscription['cancellation_details'] {
  const { comment = known?.comment ?? null, feedback = known?.feedback ?? null } = said ?? {}
  return {
    comment,
    feedback,
    feedback_option: known?.feedback_option ?? null,
    reason: reason ?? known?.reason ?? null,
  }
}

function stopCollection(context: Context, id: string): void {
  for (const invoice of context.store.all(invoices)) {
    if (subscriptionOf(invoice) !== id || (invoice.status !== 'open' && invoice.status !== 'draft')) continue
    context.unschedule(collectTask, invoice.id)
    context.unschedule(finalizeTask, invoice.id)
    changeAndEmit(context, invoices, {
      id: invoice.id,
      patch: { auto_advance: false, automatically_finalizes_at: null, next_payment_attempt: null },
      event: 'invoice.updated',
    })
  }
}
