import type { Context } from '../engine/context.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { cadenceOf } from '../prices/price.ts'
import { wholePeriodAround } from './billing-period.ts'
import { chargeRemaining, creditUnused } from './proration.ts'
import { itemList, nextPeriodEnd, type StoredSubscription, subscriptions } from './subscription.ts'
import { requireFuture } from './subscription-params.ts'

interface SentEnd {
  readonly cancel_at?: number | 'min_period_end' | 'max_period_end' | null
  readonly cancel_at_period_end?: boolean
}

/** What a request changes about when the subscription ends. */
export function requestedEnd(
  context: Context,
  subscription: StoredSubscription,
  { cancel_at: at, cancel_at_period_end: atPeriodEnd }: SentEnd,
): Partial<StoredSubscription> {
  if (typeof at !== 'undefined' && at !== null && atPeriodEnd === true) {
    throw invalidRequest('You may only specify one of these parameters: cancel_at, cancel_at_period_end.', {
      param: 'cancel_at',
    })
  }
  if (atPeriodEnd === true) {
    if (subscription.cancel_at_period_end) return {}
    return { ...asked(context, subscription), cancel_at: nextPeriodEnd(subscription), cancel_at_period_end: true }
  }
  if (at === null || (at === undefined && atPeriodEnd === false && subscription.cancel_at_period_end)) {
    return {
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      cancellation_details: withReason(subscription, null),
    }
  }
  if (at === undefined) return {}
  const ends = subscription.items.data.map((item) => item.current_period_end)
  const moment = at === 'min_period_end' ? Math.min(...ends) : at === 'max_period_end' ? Math.max(...ends) : at
  requireFuture(context, moment, 'cancel_at')
  return { ...asked(context, subscription), cancel_at: moment, cancel_at_period_end: false }
}

const asked = ({ now }: Context, subscription: StoredSubscription) => ({
  canceled_at: now,
  cancellation_details: withReason(subscription, 'cancellation_requested'),
})

const withReason = (
  { cancellation_details: known }: StoredSubscription,
  reason: 'cancellation_requested' | null,
): StoredSubscription['cancellation_details'] => ({
  comment: known?.comment ?? null,
  feedback: known?.feedback ?? null,
  feedback_option: known?.feedback_option ?? null,
  reason,
})

/**
 * Lets the running periods end where the subscription ends, and gives back or charges the time between. A subscription
 * that ends at a later moment gets its whole periods back.
 */
export function fitPeriods(context: Context, id: string, { prorate }: { prorate: boolean }): StoredSubscription {
  const subscription = context.inPath(subscriptions, id)
  if (!prorate || subscription.status === 'trialing' || subscription.status === 'paused') return subscription
  const items = subscription.items.data.map((item) => {
    const whole = wholePeriodAround(subscription.billing_cycle_anchor, cadenceOf(item.price), item.current_period_start)
    const end = Math.min(whole.end, subscription.cancel_at ?? whole.end)
    const was = item.current_period_end
    const fitted = { ...item, current_period_end: end }
    if (end < was) creditUnused(context, { subscription, item, from: end })
    if (end > was) chargeRemaining(context, { subscription, item: fitted, from: was })
    return fitted
  })
  return context.store.update(subscriptions, id, { items: itemList(id, items) })
}
