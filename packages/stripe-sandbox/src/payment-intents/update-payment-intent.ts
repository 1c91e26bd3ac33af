import { checkAmount, checkCurrency } from '../charges/currency.ts'
import { liveCustomer } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata } from '../engine/metadata.ts'
import { integer, type ParamsOf, text } from '../engine/params.ts'
import { route } from '../engine/slice.ts'
import { usablePaymentMethod } from '../payment-methods/payment-method.ts'
import { checkUsable } from './attempt-payment.ts'
import { paymentIntents, type StoredPaymentIntent, unexpectedState } from './payment-intent.ts'
import { intentShape, toShipping } from './payment-intent-params.ts'

const shape = { ...intentShape, amount: integer({ min: 1 }), currency: text(), customer: text() }

const open = ['requires_payment_method', 'requires_confirmation', 'requires_action']

/** `POST /v1/payment_intents/:id`. Stripe sends no event for it. */
export const updatePaymentIntentRoute = route({
  method: 'POST',
  path: '/v1/payment_intents/:id',
  params: shape,
  handler: updatePaymentIntent,
})

function updatePaymentIntent(context: Context, params: ParamsOf<typeof shape>, id: string): StoredPaymentIntent {
  const intent = context.inPath(paymentIntents, id, 'intent')
  checkOpen(intent, params)
  const currency = params.currency === undefined ? intent.currency : checkCurrency(params.currency)
  const amount = params.amount ?? intent.amount
  if (params.amount !== undefined || params.currency !== undefined) checkAmount(amount, currency)
  const customer =
    params.customer === undefined ? intent.customer : liveCustomer(context, params.customer, 'customer').id
  const method =
    params.payment_method === undefined
      ? undefined
      : usablePaymentMethod(context, params.payment_method, 'payment_method')
  if (method !== undefined) checkUsable(context, { customer, payment_method: intent.payment_method }, method)
  return context.store.update(paymentIntents, id, {
    ...definedOnly({
      capture_method: params.capture_method,
      description: params.description,
      receipt_email: params.receipt_email,
      setup_future_usage: params.setup_future_usage,
      statement_descriptor: params.statement_descriptor,
      statement_descriptor_suffix: params.statement_descriptor_suffix,
      transfer_group: params.transfer_group,
    }),
    ...(method === undefined ? {} : { payment_method: method.id, status: 'requires_confirmation', next_action: null }),
    ...(params.allowed_payment_method_types === undefined
      ? {}
      : {
          allowed_payment_method_types: [...params.allowed_payment_method_types],
          automatic_payment_methods: null,
        }),
    ...(params.shipping === undefined ? {} : { shipping: toShipping(params.shipping) }),
    amount,
    currency,
    customer,
    metadata: mergeMetadata(intent.metadata, params.metadata),
  })
}

function checkOpen(intent: StoredPaymentIntent, params: ParamsOf<typeof shape>): void {
  if (open.includes(intent.status)) return
  for (const name of [
    'amount',
    'currency',
    'customer',
    'payment_method',
    'capture_method',
    'setup_future_usage',
  ] as const) {
    if (params[name] === undefined) continue
    throw unexpectedState(
      `This PaymentIntent's ${name} could not be updated because it has a status of ${intent.status}. You may only update the ${name} of a PaymentIntent with one of the following statuses: ${open.join(', ')}.`,
      intent,
    )
  }
}
