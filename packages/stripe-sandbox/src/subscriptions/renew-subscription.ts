import { endDiscounts } from '../coupons/discount.ts'
import { customers, isLive } from '../customers/customer.ts'
import { idOf } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import { changedFrom } from '../engine/previous-attributes.ts'
import { draftWindow } from '../invoices/draft-invoice.ts'
import { cadenceOf } from '../prices/price.ts'
import { nextBoundary, type Period } from './billing-period.ts'
import { endSubscription } from './cancel-subscription.ts'
import { isEnded, itemList, nextPeriodEnd, type StoredSubscription, subscriptions } from './subscription.ts'
import { invoiceSubscription } from './subscription-invoice.ts'
import { periodOf, withPeriods } from './subscription-items.ts'
import { lineOfPeriod } from './subscription-lines.ts'
import { scheduleSubscription } from './subscription-schedule.ts'

/** What the end of a period does: a scheduled cancellation, the end of a trial, or the next period. */
export function endPeriod(context: Context, id: string): void {
  const subscription = context.inPath(subscriptions, id)
  if (isEnded(subscription) || subscription.status === 'paused' || subscription.status === 'incomplete') return
  if (subscription.cancel_at !== null && subscription.cancel_at <= context.now) {
    endSubscription(context, id, { reason: 'cancellation_requested' })
  } else if (subscription.status === 'trialing' && !hasMethod(context, subscription)) {
    endTrialWithoutMethod(context, subscription)
  } else {
    renew(context, id)
  }
}

const hasMethod = (context: Context, subscription: StoredSubscription): boolean => {
  const customer = context.store.find(customers, subscription.customer)
  return (
    subscription.default_payment_method !== null ||
    (isLive(customer) && idOf(customer.invoice_settings.default_payment_method) !== null)
  )
}

function endTrialWithoutMethod(context: Context, subscription: StoredSubscription): void {
  const { id } = subscription
  switch (subscription.trial_settings?.end_behavior.missing_payment_method) {
    case 'cancel':
      endSubscription(context, id, { reason: null })
      return
    case 'pause':
      pauseSubscription(context, subscription, 'trial_end_without_payment_method')
      return
    default:
      renew(context, id)
  }
}

function pauseSubscription(
  context: Context,
  before: StoredSubscription,
  why: 'trial_end_without_payment_method',
): void {
  const paused = context.store.update(subscriptions, before.id, {
    status: 'paused',
    status_details: { paused: { subscription: { type: why }, transitioned_at: context.now, type: 'subscription' } },
  })
  scheduleSubscription(context, paused)
  context.emit('customer.subscription.updated', paused, changedFrom(before, paused))
  context.emit('customer.subscription.paused', paused)
}

/** Moves the items whose period is over into the next one, and drafts the invoice for it. */
function renew(context: Context, id: string): void {
  endDiscounts(context, id)
  const before = context.inPath(subscriptions, id)
  const over: Period = {
    start: Math.min(...before.items.data.map((item) => item.current_period_start)),
    end: nextPeriodEnd(before),
  }
  const items = withPeriods(before, (item) =>
    item.current_period_end > context.now
      ? periodOf(item)
      : {
          start: item.current_period_end,
          end: Math.min(
            nextBoundary(before.billing_cycle_anchor, cadenceOf(item.price), item.current_period_end),
            before.cancel_at ?? Number.POSITIVE_INFINITY,
          ),
        },
  )
  const moved = context.store.update(subscriptions, id, {
    items: itemList(id, items),
    ...(before.status === 'trialing' ? { status: 'active' } : {}),
  })
  const due = moved.items.data.filter(
    (item) => item.current_period_start !== before.items.data.find(({ id }) => id === item.id)?.current_period_start,
  )
  const stopped = moved.status === 'unpaid' || moved.pause_collection?.behavior === 'keep_as_draft'
  invoiceSubscription(context, id, {
    reason: 'subscription_cycle',
    lines: due.map((item) => lineOfPeriod(context, { subscription: moved, item })),
    period: over,
    finalizes_at: stopped ? null : context.now + draftWindow,
    auto_advance: !stopped,
  })
  const renewed = context.inPath(subscriptions, id)
  scheduleSubscription(context, renewed)
  context.emit('customer.subscription.updated', renewed, changedFrom(before, renewed))
}
