import { type Payment, paymentStatuses } from '@florin/core'
import { z } from 'zod'
import {
  amount,
  currency,
  idPath,
  metadata,
  objectFields,
  pageOf,
  paymentMethodId,
  returnUrl,
  stamps,
  userId,
} from './common.ts'

const captureMethod = z.enum(['automatic', 'manual'])

export const createPaymentBody = z
  .strictObject({
    user_id: userId,
    amount,
    currency,
    description: z.string().min(1).max(1000).optional(),
    payment_method: paymentMethodId
      .optional()
      .meta({ description: 'Without one the payment waits for Stripe Elements: see `client_secret`.' }),
    capture_method: captureMethod.optional().meta({ description: '`manual` only authorises; capture it later.' }),
    off_session: z
      .boolean()
      .optional()
      .meta({ description: 'The customer is not there to authenticate. Goes with a `payment_method`.' }),
    return_url: returnUrl.optional(),
    reference: z.string().min(1).max(255).optional().meta({
      description: 'Your own name for what is paid, e.g. an order. One that is paid or being paid already is refused.',
    }),
    metadata: metadata.optional(),
  })
  .meta({
    id: 'CreatePayment',
    example: {
      user_id: 'user_123',
      amount: 1000,
      currency: 'USD',
      description: 'Product purchase',
      payment_method: 'pm_card_visa',
    },
  })

export const confirmPaymentBody = z
  .strictObject({
    payment_method: paymentMethodId,
    return_url: returnUrl.optional().meta({
      description:
        'Where Stripe sends the customer back. Needed where the payment was made without a payment method: Stripe then ' +
        'takes also those that redirect.',
    }),
  })
  .meta({
    id: 'ConfirmPayment',
    example: { payment_method: 'pm_card_visa', return_url: 'https://shop.example/thanks' },
  })

export const capturePaymentBody = z
  .strictObject({ amount: amount.optional().meta({ description: 'Absent: all of it. What is left is released.' }) })
  .meta({ id: 'CapturePayment', example: { amount: 500 } })

export const cancelPaymentBody = z
  .strictObject({ reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned']).optional() })
  .meta({ id: 'CancelPayment', example: { reason: 'requested_by_customer' } })

export const paymentPath = idPath('payment')

const failure = z.object({
  code: z.string().meta({ example: 'card_declined' }),
  decline_code: z.string().nullable().meta({ example: 'insufficient_funds' }),
  message: z.string().nullable(),
})

const nextAction = z.object({ type: z.string(), redirect_url: z.string().nullable() })

export const payment = z
  .object({
    ...objectFields('payment', 'tx_01jdcqfz4xe0g8r2h7m5v9k3ta'),
    user_id: z.string().nullable(),
    amount: z.int(),
    amount_capturable: z.int(),
    amount_captured: z.int(),
    amount_refunded: z.int(),
    currency: z.string(),
    status: z.enum(paymentStatuses).meta({
      description: '`pending`: the outcome is not known yet. Only `succeeded` and `canceled` are final.',
    }),
    payment_method: z.string().nullable().meta({ description: "Stripe's id." }),
    description: z.string().nullable(),
    reference: z.string().nullable(),
    duplicate_of: z
      .string()
      .nullable()
      .meta({ description: 'The payment that was to pay the same reference: this one came besides.' }),
    metadata,
    capture_method: captureMethod,
    failure: failure.nullable().meta({ description: 'Why the last attempt failed.' }),
    next_action: nextAction.nullable().meta({ description: 'What the customer has to do next.' }),
    client_secret: z
      .string()
      .nullable()
      .meta({ description: 'For Stripe.js. Only for the owner, only while the payment is open, never in lists.' }),
    stripe_payment_intent_id: z.string().nullable(),
  })
  .meta({
    id: 'Payment',
    example: {
      id: 'tx_01jdcqfz4xe0g8r2h7m5v9k3ta',
      object: 'payment',
      ...stamps,
      user_id: 'user_123',
      amount: 1000,
      amount_capturable: 0,
      amount_captured: 1000,
      amount_refunded: 0,
      currency: 'USD',
      status: 'succeeded',
      payment_method: 'pm_1Q0PsIJvEtkwdCNYMSaVuRz6',
      description: 'Product purchase',
      reference: null,
      duplicate_of: null,
      metadata: {},
      capture_method: 'automatic',
      failure: null,
      next_action: null,
      client_secret: null,
      stripe_payment_intent_id: 'pi_3Q0PsIJvEtkwdCNY0mZ8rT1x',
    },
  })

export const paymentPage = pageOf(payment, 'Payment')

export type CreatePaymentBody = z.input<typeof createPaymentBody>
export type ConfirmPaymentBody = z.input<typeof confirmPaymentBody>
export type CapturePaymentBody = z.input<typeof capturePaymentBody>
export type CancelPaymentBody = z.input<typeof cancelPaymentBody>
export type PaymentBody = z.infer<typeof payment>

/** A payment as the API shows it, in the problem of a decline too. Who gets the client secret was decided in core. */
export function presentPayment(it: Payment): PaymentBody {
  return {
    id: it.id,
    object: it.object,
    created_at: it.createdAt,
    updated_at: it.updatedAt,
    user_id: it.userId,
    amount: it.amount,
    amount_capturable: it.amountCapturable,
    amount_captured: it.amountCaptured,
    amount_refunded: it.amountRefunded,
    currency: it.currency,
    status: it.status,
    payment_method: it.paymentMethod,
    description: it.description,
    reference: it.reference,
    duplicate_of: it.duplicateOf,
    metadata: it.metadata,
    capture_method: it.captureMethod,
    failure: it.failure && {
      code: it.failure.code,
      decline_code: it.failure.declineCode,
      message: it.failure.message,
    },
    next_action: it.nextAction && { type: it.nextAction.type, redirect_url: it.nextAction.redirectUrl },
    client_secret: it.clientSecret,
    stripe_payment_intent_id: it.stripePaymentIntentId,
  }
}
