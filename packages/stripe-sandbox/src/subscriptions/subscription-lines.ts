import { formatAmount } from '../charges/currency.ts'
import type { Context } from '../engine/context.ts'
import type { NewLine } from '../invoices/invoice-line.ts'
import { amountOf, cadenceOf, type StoredPrice } from '../prices/price.ts'
import { products } from '../products/product.ts'
import { type Period, wholePeriodAround } from './billing-period.ts'
import type { StoredSubscription, StoredSubscriptionItem } from './subscription.ts'

/** The line of an item for a period that begins now. */
export function lineOfPeriod(
  context: Context,
  {
    subscription,
    item,
    free = false,
  }: { subscription: StoredSubscription; item: StoredSubscriptionItem; free?: boolean },
): NewLine {
  const period: Period = { start: item.current_period_start, end: item.current_period_end }
  const whole = amountOf(item.price, item.quantity)
  const full = wholePeriodAround(subscription.billing_cycle_anchor, cadenceOf(item.price), period.start)
  // A period that an anchor ahead or a scheduled end cuts short costs its share.
  const short = period.start > full.start || period.end < full.end
  const amount = free ? 0 : short ? shareOf(whole, period.end - period.start, full.end - full.start) : whole
  return {
    amount,
    currency: item.price.currency,
    description: `${item.quantity} × ${nameOf(context, item.price)} (at ${rateOf(item.price)})`,
    period,
    price: item.price,
    quantity: item.quantity,
    subscription: subscription.id,
    subscription_item: item.id,
    invoice_item: null,
    proration: short && !free,
    discountable: true,
    metadata: subscription.metadata,
  }
}

/** The line of a trial, which costs nothing. */
export function lineOfTrial(
  context: Context,
  { subscription, item }: { subscription: StoredSubscription; item: StoredSubscriptionItem },
): NewLine {
  return {
    ...lineOfPeriod(context, { subscription, item, free: true }),
    description: `Trial period for ${nameOf(context, item.price)}`,
  }
}

/** A part of a sum, rounded half up, away from zero for credits. */
export function shareOf(amount: number, part: number, whole: number): number {
  if (whole <= 0) return 0
  const scaled = (BigInt(Math.abs(amount)) * BigInt(part) * 2n + BigInt(whole)) / (2n * BigInt(whole))
  return amount < 0 ? -Number(scaled) : Number(scaled)
}

/** The name of what is sold. */
export const nameOf = (context: Context, price: StoredPrice): string =>
  context.store.find(products, price.product)?.name ?? price.product

function rateOf(price: StoredPrice): string {
  const { interval, interval_count: count } = cadenceOf(price)
  const each = count === 1 ? interval : `every ${count} ${interval}s`
  return `${formatAmount(Number(price.unit_amount_decimal ?? 0), price.currency)} / ${each}`
}
