import type { Context } from '../engine/context.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { addIntervals } from '../subscriptions/billing-period.ts'
import { subscriptions } from '../subscriptions/subscription.ts'
import { couponOf, coupons, discounts, type StoredCoupon, type StoredDiscount } from './coupon.ts'

interface SentDiscount {
  readonly coupon?: string
  readonly discount?: string
}

/** Where a coupon is redeemed. */
export interface Redemption {
  readonly customer: string
  readonly subscription: string | null
  readonly invoice: string | null
  readonly currency: string
}

/** Redeems coupons for a subscription or an invoice, or keeps discounts that are there already. Gives their ids. */
export function redeemAll(context: Context, sent: readonly SentDiscount[], where: Redemption): string[] {
  return sent.map((entry, index) => {
    if (entry.discount !== undefined) {
      return context.inParam(discounts, entry.discount, `discounts[${index}][discount]`).id
    }
    const param = `discounts[${index}][coupon]`
    if (entry.coupon === undefined) {
      throw invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param })
    }
    return redeem(context, context.inParam(coupons, entry.coupon, param), where, param).id
  })
}

function redeem(context: Context, coupon: StoredCoupon, where: Redemption, param: string): StoredDiscount {
  if (!coupon.valid) throw invalidRequest(`Coupon expired: ${coupon.id}`, { code: 'coupon_expired', param })
  if (coupon.currency !== null && coupon.currency !== where.currency) {
    throw invalidRequest(
      `The coupon ${coupon.id} cannot be applied because its currency (${coupon.currency}) does not match the currency ${where.currency}.`,
      { param },
    )
  }
  const redeemed = coupon.times_redeemed + 1
  const exhausted = coupon.max_redemptions !== null && redeemed >= coupon.max_redemptions
  context.store.update(coupons, coupon.id, { times_redeemed: redeemed, valid: coupon.valid && !exhausted })
  const discount = context.store.put(discounts, {
    id: context.newId('di'),
    object: 'discount',
    checkout_session: null,
    customer: where.customer,
    customer_account: null,
    end: endOf(coupon, context.now),
    invoice: where.invoice,
    invoice_item: null,
    promotion_code: null,
    source: { coupon: coupon.id, type: 'coupon' },
    start: context.now,
    subscription: where.subscription,
    subscription_item: null,
  })
  context.emit('customer.discount.created', discount)
  return discount
}

const endOf = ({ duration, duration_in_months: months }: StoredCoupon, now: number): number | null =>
  duration === 'repeating' ? addIntervals(now, { interval: 'month', interval_count: 1 }, months ?? 1) : null

/** Takes discounts from a subscription that its newest invoice has used up: those for once. */
export function spendDiscounts(context: Context, id: string): void {
  dropDiscounts(context, id, (discount) => couponOf(context, discount)?.duration === 'once')
}

/** Takes discounts from a subscription whose months are over. */
export function endDiscounts(context: Context, id: string): void {
  dropDiscounts(context, id, ({ end }) => end !== null && end <= context.now)
}

/** Announces the discounts that others have taken the place of. */
export function replaceDiscounts(context: Context, before: readonly string[], after: readonly string[]): void {
  for (const id of before) {
    const discount = context.store.find(discounts, id)
    if (discount !== undefined && !after.includes(id)) context.emit('customer.discount.deleted', discount)
  }
}

function dropDiscounts(context: Context, id: string, goes: (discount: StoredDiscount) => boolean): void {
  const subscription = context.inPath(subscriptions, id)
  const gone = subscription.discounts.flatMap((entry) => context.store.find(discounts, entry) ?? []).filter(goes)
  if (gone.length === 0) return
  const kept = subscription.discounts.filter((entry) => gone.every((discount) => discount.id !== entry))
  context.store.update(subscriptions, id, { discounts: kept })
  for (const discount of gone) context.emit('customer.discount.deleted', discount)
}
