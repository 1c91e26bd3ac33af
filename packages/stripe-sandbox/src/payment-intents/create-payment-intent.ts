import { checkAmount, checkCurrency } from '../charges/currency.ts'
import { liveCustomer } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata } from '../engine/metadata.ts'
import { type ParamsOf, required } from '../engine/params.ts'
import { route } from '../engine/slice.ts'
import { usablePaymentMethod } from '../payment-methods/payment-method.ts'
import { attemptPayment, checkUsable } from './attempt-payment.ts'
import { openPaymentIntent } from './open-payment-intent.ts'
import { type StoredPaymentIntent, unexpectedState } from './payment-intent.ts'
import { automaticMethods, checkConfirmOnly, checkReturnUrl, createShape, toShipping } from './payment-intent-params.ts'

const shape = { ...createShape, amount: required(createShape.amount), currency: required(createShape.currency) }

/** `POST /v1/payment_intents`, which with `confirm` is also the first attempt to take the money. */
export const createPaymentIntentRoute = route({
  method: 'POST',
  path: '/v1/payment_intents',
  params: shape,
  handler: createPaymentIntent,
})

function createPaymentIntent(context: Context, params: ParamsOf<typeof shape>): StoredPaymentIntent {
  const currency = checkCurrency(params.currency)
  checkAmount(params.amount, currency)
  checkConfirmOnly(params)
  const automatic = automaticMethods(params)
  if (params.confirm === true) checkReturnUrl(context, { automatic, returnUrl: params.return_url })
  const customer = params.customer === undefined ? null : liveCustomer(context, params.customer, 'customer').id
  const method =
    params.payment_method === undefined ? null : usablePaymentMethod(context, params.payment_method, 'payment_method')
  if (method !== null) checkUsable(context, { customer, payment_method: null }, method)
  const { description, receipt_email, setup_future_usage, capture_method, transfer_group } = params
  const intent = openPaymentIntent(context, {
    ...definedOnly({ description, receipt_email, setup_future_usage, capture_method, transfer_group }),
    ...definedOnly({
      allowed_payment_method_types: params.allowed_payment_method_types,
      statement_descriptor: params.statement_descriptor,
      statement_descriptor_suffix: params.statement_descriptor_suffix,
    }),
    amount: params.amount,
    automatic_payment_methods: automatic,
    currency,
    customer,
    metadata: mergeMetadata({}, params.metadata),
    payment_method: method?.id ?? null,
    shipping: toShipping(params.shipping),
  })
  if (params.confirm !== true) return intent
  if (method === null) throw missingMethod(intent)
  const attempt = attemptPayment(context, intent.id, {
    payment_method: method.id,
    off_session: params.off_session !== undefined && params.off_session !== false,
    error_on_requires_action: params.error_on_requires_action ?? false,
    return_url: params.return_url ?? null,
  })
  if (attempt.outcome === 'declined') throw attempt.error
  return attempt.intent
}

/** 400: there is nothing to confirm with. */
export const missingMethod = (intent: StoredPaymentIntent) =>
  unexpectedState(
    "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
    intent,
  )
