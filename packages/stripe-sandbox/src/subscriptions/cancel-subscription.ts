import type { Context } from '../engine/context.ts'
import type { ParamsOf } from '../engine/params.ts'
import { changeAndEmit } from '../engine/previous-attributes.ts'
import { collectTask } from '../invoices/collection-attempt.ts'
import { finalizeTask } from '../invoices/draft-invoice.ts'
import { invoices, subscriptionOf } from '../invoices/invoice.ts'
import { type StoredSubscription, subscriptions } from './subscription.ts'
import type { cancellationDetails } from './subscription-params.ts'
import { scheduleSubscription } from './subscription-schedule.ts'
import { cancelPendingSetup } from './subscription-trial.ts'

/** Why it ends, in Stripe's words. */
export type CancellationReason = 'cancellation_requested' | 'payment_failed' | null

type Details = ParamsOf<{ details: ReturnType<typeof cancellationDetails> }>['details']

/** Ends a subscription at once. Nothing is refunded, and its unpaid invoices are collected no more by themselves. */
export function endSubscription(
  context: Context,
  id: string,
  { reason, details }: { reason: CancellationReason; details?: Details },
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
  context.emit('customer.subscription.deleted', ended)
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
