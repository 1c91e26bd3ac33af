import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { integer, type ParamsOf, text, unsupported } from '../engine/params.ts'
import { route } from '../engine/slice.ts'
import { invalidParam } from '../engine/stripe-failure.ts'
import { usablePaymentMethod } from '../payment-methods/payment-method.ts'
import { attemptPayment, checkUsable } from './attempt-payment.ts'
import { missingMethod } from './create-payment-intent.ts'
import { paymentIntents, type StoredPaymentIntent, unexpectedState } from './payment-intent.ts'
import { checkClientSecret, checkReturnUrl, confirmShape, intentShape, toShipping } from './payment-intent-params.ts'

const { metadata, description, transfer_group, statement_descriptor, statement_descriptor_suffix, ...sharedShape } =
  intentShape

const shape = {
  ...sharedShape,
  ...confirmShape,
  amount_to_confirm: integer({ min: 1 }),
  client_secret: text(),
  currency: unsupported(),
}

const confirmable = ['requires_payment_method', 'requires_confirmation', 'requires_action']

/** `POST /v1/payment_intents/:id/confirm`: by the server, or by the customer with the client secret. */
export const confirmPaymentIntentRoute = route({
  method: 'POST',
  path: '/v1/payment_intents/:id/confirm',
  publishable: true,
  params: shape,
  handler: confirmPaymentIntent,
})

function confirmPaymentIntent(context: Context, params: ParamsOf<typeof shape>, id: string): StoredPaymentIntent {
  const intent = context.inPath(paymentIntents, id, 'intent')
  checkClientSecret(context, intent, params.client_secret)
  checkConfirmable(intent)
  if (params.amount_to_confirm !== undefined && params.amount_to_confirm !== intent.amount) {
    throw invalidParam('The amount_to_confirm must be equal to the amount of the PaymentIntent.', 'amount_to_confirm')
  }
  const types = params.allowed_payment_method_types
  const automatic = types === undefined ? intent.automatic_payment_methods : null
  checkReturnUrl(context, { automatic, returnUrl: params.return_url })
  const method =
    params.payment_method === undefined
      ? intent.payment_method
      : usablePaymentMethod(context, params.payment_method, 'payment_method').id
  if (method === null) throw missingMethod(intent)
  if (params.payment_method !== undefined)
    checkUsable(context, intent, usablePaymentMethod(context, method, 'payment_method'))
  context.store.update(paymentIntents, id, {
    ...definedOnly({
      capture_method: params.capture_method,
      receipt_email: params.receipt_email,
      setup_future_usage: params.setup_future_usage,
    }),
    ...(types === undefined ? {} : { allowed_payment_method_types: [...types], automatic_payment_methods: null }),
    ...(params.shipping === undefined ? {} : { shipping: toShipping(params.shipping) }),
  })
  const attempt = attemptPayment(context, id, {
    payment_method: method,
    off_session: params.off_session !== undefined && params.off_session !== false,
    error_on_requires_action: params.error_on_requires_action ?? false,
    return_url: params.return_url ?? null,
  })
  if (attempt.outcome === 'declined') throw attempt.error
  return attempt.intent
}

function checkConfirmable(intent: StoredPaymentIntent): void {
  if (confirmable.includes(intent.status)) return
  throw unexpectedState(
    intent.status === 'succeeded'
      ? 'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.'
      : `You cannot confirm this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.`,
    intent,
  )
}
