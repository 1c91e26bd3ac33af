import { discounts } from '../coupons/coupon.ts'
import { replaceDiscounts } from '../coupons/discount.ts'
import type { Context } from '../engine/context.ts'
import { changeAndEmit } from '../engine/previous-attributes.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { subscriptions } from './subscription.ts'

/** Takes the discount from a subscription and answers the mark that it leaves. */
export function deleteDiscount(context: Context, id: string): object {
  const subscription = context.inPath(subscriptions, id, 'subscription_exposed_id')
  const last = context.store.find(discounts, subscription.discounts.at(-1) ?? '')
  if (last === undefined) {
    throw invalidRequest(`No active discount for subscription: ${id}`, { code: 'resource_missing' })
  }
  replaceDiscounts(context, subscription.discounts, [])
  changeAndEmit(context, subscriptions, { id, patch: { discounts: [] }, event: 'customer.subscription.updated' })
  const { end: _, ...rest } = last
  return { ...rest, deleted: true }
}
