import type Stripe from 'stripe'
import { defineCollection, type Stored } from '../engine/collection.ts'

/** A coupon as it is stored. */
export type StoredCoupon = Stored<Stripe.Coupon>

/** A coupon redeemed by a subscription or an invoice. */
export type StoredDiscount = Stored<Stripe.Discount>

export const coupons = defineCollection<StoredCoupon>('coupon')

export const discounts = defineCollection<StoredDiscount>('discount')
