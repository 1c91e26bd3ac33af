import { couponOf, discounts } from '../coupons/coupon.ts'
import type { Context } from '../engine/context.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { invoiceItems, makeInvoiceItem } from '../invoice-items/invoice-item.ts'
import { invoices, linesOf, type StoredLine, subscriptionOf } from '../invoices/invoice.ts'
import { amountOf, cadenceOf } from '../prices/price.ts'
import { type Period, wholePeriodAround } from './billing-period.ts'
import type { StoredSubscription, StoredSubscriptionItem } from './subscription.ts'
import { nameOf, shareOf } from './subscription-lines.ts'

/** The moment from which a change counts: now, or the date that the request gives. */
export function prorationDate(context: Context, subscription: StoredSubscription, sent: number | undefined): number {
  if (sent === undefined) return context.now
  const inside = subscription.items.data.every(
    (item) => sent >= item.current_period_start && sent <= item.current_period_end,
  )
  if (inside) return sent
  throw invalidRequest('Cannot specify a proration date outside of the current period.', { param: 'proration_date' })
}

/** Gives back what was billed for a part of an item's running period: up to its end, unless `until` comes before. */
export function creditUnused(
  context: Context,
  { subscription, item, from, until = item.current_period_end }: ProratedTime,
): void {
  const period: Period = { start: from, end: until }
  if (period.end <= period.start) return
  const billed = billedFor(context, subscription.id, item)
  const unused = billed.reduce((sum, part) => sum + shareWithin(part, period), 0)
  addProration(context, {
    subscription,
    item,
    period,
    amount: unused === 0 ? 0 : -unused,
    description: `Unused time on ${labelOf(context, item)} after ${dateOf(from)}`,
  })
}

/** Charges a part of an item's running period. */
export function chargeRemaining(
  context: Context,
  { subscription, item, from, until = item.current_period_end }: ProratedTime,
): void {
  const period: Period = { start: from, end: until }
  if (period.end <= period.start) return
  const whole = wholePeriodAround(subscription.billing_cycle_anchor, cadenceOf(item.price), from)
  const gross = shareOf(amountOf(item.price, item.quantity), period.end - from, whole.end - whole.start)
  addProration(context, {
    subscription,
    item,
    period,
    amount: gross - reductionOf(context, subscription, gross),
    description: `Remaining time on ${labelOf(context, item)} after ${dateOf(from)}`,
  })
}

/** The time of an item that a change gives back or takes. */
interface ProratedTime {
  readonly subscription: StoredSubscription
  readonly item: StoredSubscriptionItem
  readonly from: number
  readonly until?: number
}

/** A sum that was billed for a span of an item's time. */
interface BilledPart {
  readonly amount: number
  readonly period: Period
}

/** All that was billed or waits to be billed for the item's running period, corrections included. */
function billedFor(context: Context, subscription: string, item: StoredSubscriptionItem): BilledPart[] {
  const current = ({ period }: { period: Period }): boolean =>
    period.start >= item.current_period_start && period.start < item.current_period_end
  const lines = context.store
    .all(invoices)
    .filter((invoice) => subscriptionOf(invoice) === subscription && invoice.status !== 'void')
    .flatMap((invoice) => linesOf(context, invoice.id))
    .filter((line) => line.parent?.subscription_item_details?.subscription_item === item.id && current(line))
    .map((line) => ({ amount: netOf(line), period: line.period }))
  const waiting = context.store
    .all(invoiceItems)
    .filter(
      (pending) =>
        pending.invoice === null &&
        pending.parent?.subscription_details?.subscription_item === item.id &&
        current(pending),
    )
    .map(({ amount, period }) => ({ amount, period }))
  return [...lines, ...waiting]
}

const netOf = ({ amount, discount_amounts: off }: StoredLine): number =>
  amount - (off ?? []).reduce((sum, share) => sum + share.amount, 0)

const shareWithin = ({ amount, period }: BilledPart, window: Period): number => {
  const length = Math.min(period.end, window.end) - Math.max(period.start, window.start)
  return length <= 0 ? 0 : shareOf(amount, length, period.end - period.start)
}

/** Prorations carry the percentages of the subscription's discounts in their sum, and are not discounted again. */
function reductionOf(context: Context, subscription: StoredSubscription, gross: number): number {
  let left = gross
  for (const id of subscription.discounts) {
    const discount = context.store.find(discounts, id)
    const off = discount === undefined ? null : (couponOf(context, discount)?.percent_off ?? null)
    if (off !== null) left -= shareOf(left, Math.round(off * 100), 10_000)
  }
  return gross - left
}

function addProration(
  context: Context,
  {
    subscription,
    item,
    period,
    amount,
    description,
  }: {
    subscription: StoredSubscription
    item: StoredSubscriptionItem
    period: Period
    amount: number
    description: string
  },
): void {
  makeInvoiceItem(context, {
    customer: subscription.customer,
    amount,
    currency: subscription.currency,
    description,
    period,
    price: item.price,
    quantity: item.quantity,
    subscription: subscription.id,
    subscription_item: item.id,
    proration: true,
    discountable: false,
    metadata: subscription.metadata,
  })
}

const labelOf = (context: Context, { price, quantity }: StoredSubscriptionItem): string =>
  quantity === 1 ? nameOf(context, price) : `${quantity} × ${nameOf(context, price)}`

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A day as Stripe's descriptions write it, e.g. `01 Nov 2026`. */
function dateOf(moment: number): string {
  const date = new Date(moment * 1000)
  return `${String(date.getUTCDate()).padStart(2, '0')} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`
}
