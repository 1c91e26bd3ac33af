import { charges } from '../charges/charge.ts'
import { couponOf, discounts } from '../coupons/coupon.ts'
import type { Context } from '../engine/context.ts'
import type { Slice } from '../engine/slice.ts'
import { intentOf } from '../invoice-payments/invoice-payment.ts'
import { invoices, subscriptionOf } from '../invoices/invoice.ts'
import { paymentIntents } from '../payment-intents/payment-intent.ts'
import { findSubscription } from '../subscriptions/subscription.ts'
import { chargeOf, olderInvoice, olderInvoiceItem, olderLine } from './older-invoice.ts'
import {
  invoiceOfIntent,
  olderCharge,
  olderPaymentIntent,
  olderRefund,
  olderSetupIntent,
  withoutCustomerAccount,
} from './older-payments.ts'
import { isBefore } from './older-shape.ts'
import { olderDiscount, olderPlan, olderPrice, olderSubscription, olderSubscriptionItem } from './older-subscription.ts'

const wholeCoupon = (context: Context, id: string): object | null => {
  const discount = context.store.find(discounts, id)
  const coupon = discount && couponOf(context, discount)
  return coupon ?? null
}

/** A field that could be expanded before basil, and is unknown since. */
const untilBasil =
  (find: (context: Context, id: string) => object | null | undefined) =>
  (context: Context, id: string): object | null | undefined =>
    isBefore(context.apiVersion, 'basil') ? (find(context, id) ?? null) : undefined

/** How everything looked in older API versions, for old webhook endpoints and pinned requests. */
export const olderVersionSlice: Slice = {
  name: 'older-versions',
  renderings: {
    charge: olderCharge,
    customer: withoutCustomerAccount,
    discount: olderDiscount(wholeCoupon),
    invoice: olderInvoice,
    invoiceitem: olderInvoiceItem,
    line_item: olderLine,
    payment_intent: olderPaymentIntent,
    payment_method: withoutCustomerAccount,
    plan: olderPlan,
    price: olderPrice,
    refund: olderRefund,
    setup_intent: olderSetupIntent,
    subscription: olderSubscription,
    subscription_item: olderSubscriptionItem,
  },
  expansions: {
    charge: {
      invoice: untilBasil((context, id) =>
        context.store.find(
          invoices,
          invoiceOfIntent(context, context.store.find(charges, id)?.payment_intent ?? null) ?? '',
        ),
      ),
    },
    invoice: {
      charge: untilBasil((context, id) => context.store.find(charges, chargeOf(context, id) ?? '')),
      payment_intent: untilBasil((context, id) => context.store.find(paymentIntents, intentOf(context, id) ?? '')),
      subscription: untilBasil((context, id) =>
        findSubscription(context, subscriptionOf(context.inPath(invoices, id))),
      ),
    },
    payment_intent: {
      invoice: untilBasil((context, id) => context.store.find(invoices, invoiceOfIntent(context, id) ?? '')),
    },
  },
}
