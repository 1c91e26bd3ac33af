import { accountSlice } from './account/account.ts'
import { billingPortalSlice } from './billing-portal/billing-portal.ts'
import { chargeSlice } from './charges/charges.ts'
import { checkoutSlice } from './checkout/checkout-sessions.ts'
import { couponSlice } from './coupons/coupons.ts'
import { customerSlice } from './customers/customers.ts'
import { disputeSlice } from './disputes/disputes.ts'
import type { Slice } from './engine/slice.ts'
import { invoiceItemSlice } from './invoice-items/invoice-items.ts'
import { invoicePaymentSlice } from './invoice-payments/invoice-payments.ts'
import { invoiceSlice } from './invoices/invoices.ts'
import { olderVersionSlice } from './older-versions/older-versions.ts'
import { paymentIntentSlice } from './payment-intents/payment-intents.ts'
import { paymentMethodSlice } from './payment-methods/payment-methods.ts'
import { priceSlice } from './prices/prices.ts'
import { productSlice } from './products/products.ts'
import { refundSlice } from './refunds/refunds.ts'
import { setupIntentSlice } from './setup-intents/setup-intents.ts'
import { subscriptionSlice } from './subscriptions/subscriptions.ts'
import { webhookEndpointSlice } from './webhooks/webhook-endpoint.ts'

/** Everything that the sandbox imitates. A new kind of Stripe object is one more line here. */
export const slices: readonly Slice[] = [
  accountSlice,
  webhookEndpointSlice,
  customerSlice,
  paymentMethodSlice,
  paymentIntentSlice,
  setupIntentSlice,
  chargeSlice,
  refundSlice,
  disputeSlice,
  productSlice,
  priceSlice,
  couponSlice,
  subscriptionSlice,
  invoiceSlice,
  invoiceItemSlice,
  invoicePaymentSlice,
  checkoutSlice,
  billingPortalSlice,
  olderVersionSlice,
]
