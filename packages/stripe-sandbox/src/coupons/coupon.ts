import type Stripe from 'stripe'
import { defineCollection, definePrivateCollection, idOf, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'

/** A coupon as it is stored. */
export type StoredCoupon = Stored<Stripe.Coupon>

/** A coupon redeemed by a subscription or an invoice. */
export type StoredDiscount = Stored<Stripe.Discount>

export const coupons = defineCollection<StoredCoupon>('coupon')

/** Coupons that were deleted, for the discounts that they were redeemed into before. */
export const deletedCoupons = definePrivateCollection<StoredCoupon>('deleted_coupon')

export const discounts = defineCollection<StoredDiscount>('discount')

/** The coupon behind a discount. */
export function couponOf(context: Context, discount: StoredDiscount): StoredCoupon | undefined {
  const id = idOf(discount.source.coupon) ?? ''
  return context.store.find(coupons, id) ?? context.store.find(deletedCoupons, id)
}
