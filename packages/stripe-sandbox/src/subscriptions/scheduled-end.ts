import type { Context } from '../engine/context.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { nextPeriodEnd, type StoredSubscription } from './subscription.ts'
import { requireFuture } from './subscription-params.ts'

/** When it is asked to end. Flexible subscriptions keep `cancel_at_period_end` when it was sent as such. */
export function requestedEnd(
  context: Context,
  subscription: StoredSubscription,
  params: { cancel_at?: number | 'min_period_end' | 'max_period_end' | null; cancel_at_period_end?: boolean },
): Partial<StoredSubscription> {
  const { cancel_at: at, cancel_at_period_end: atPeriodEnd } = params
  if (at !== undefined && at !== null && atPeriodEnd === true) {
    throw invalidRequest('You may only specify one of these parameters: cancel_at, cancel_at_period_end.', {
      param: 'cancel_at',
    })
  }
  const now = context.now
  if (atPeriodEnd === true) {
    return { cancel_at: nextPeriodEnd(subscription), cancel_at_period_end: true, canceled_at: now }
  }
  if (at === null || (at === undefined && atPeriodEnd === false)) {
    if (at === undefined && !subscription.cancel_at_period_end) return {}
    return { cancel_at: null, cancel_at_period_end: false, canceled_at: null }
  }
  if (at === undefined) return {}
  const ends = subscription.items.data.map((item) => item.current_period_end)
  const moment = at === 'min_period_end' ? Math.min(...ends) : at === 'max_period_end' ? Math.max(...ends) : at
  requireFuture(context, moment, 'cancel_at')
  return { cancel_at: moment, cancel_at_period_end: false, canceled_at: now }
}

