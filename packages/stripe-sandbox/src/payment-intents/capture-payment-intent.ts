import { bookCharge, charges } from '../charges/charge.ts'
import { checkMultiple } from '../charges/currency.ts'
import { openDisputeAfter, openDisputeTask } from '../disputes/dispute.ts'
import type { Context } from '../engine/context.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { choice, integer, type ParamsOf, text, unsupported } from '../engine/params.ts'
import { route } from '../engine/slice.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { behaviourOf } from '../payment-methods/payment-method.ts'
import { expireTask, paymentIntents, type StoredPaymentIntent, unexpectedState } from './payment-intent.ts'

const shape = {
  amount_to_capture: integer({ min: 1 }),
  final_capture: choice('true'),
  metadata: metadataParam(),
  statement_descriptor: text({ max: 22 }),
  statement_descriptor_suffix: text({ max: 22 }),
  amount_details: unsupported(),
  application_fee_amount: unsupported(),
  hooks: unsupported(),
  payment_details: unsupported(),
  transfer_data: unsupported(),
}

/** `POST /v1/payment_intents/:id/capture`. What is not captured is let go: the charge keeps its amount. */
export const capturePaymentIntentRoute = route({
  method: 'POST',
  path: '/v1/payment_intents/:id/capture',
  params: shape,
  handler: capturePaymentIntent,
})

function capturePaymentIntent(context: Context, params: ParamsOf<typeof shape>, id: string): StoredPaymentIntent {
  const intent = context.inPath(paymentIntents, id, 'intent')
  if (intent.status !== 'requires_capture' || intent.latest_charge === null) {
    throw unexpectedState(
      `This PaymentIntent could not be captured because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.`,
      intent,
    )
  }
  const amount = params.amount_to_capture ?? intent.amount_capturable
  if (amount > intent.amount_capturable) {
    throw invalidRequest('The requested capture amount is greater than the amount you can capture for this charge.', {
      code: 'amount_too_large',
      param: 'amount_to_capture',
      payment_intent: intent,
    })
  }
  if (params.amount_to_capture !== undefined) checkMultiple(amount, intent.currency, 'amount_to_capture')
  context.unschedule(expireTask, id)
  const captured = context.store.update(charges, intent.latest_charge, { amount_captured: amount, captured: true })
  const card = captured.payment_method === null ? undefined : behaviourOf(context, captured.payment_method).card
  if (card?.dispute !== undefined) {
    context.schedule({ at: context.now + openDisputeAfter, kind: openDisputeTask, id: captured.id })
  }
  context.emit('charge.captured', bookCharge(context, captured, card?.bypassPending === true), {
    amount_captured: 0,
    captured: false,
  })
  const succeeded = context.store.update(paymentIntents, id, {
    amount_capturable: 0,
    amount_received: amount,
    metadata: mergeMetadata(intent.metadata, params.metadata),
    status: 'succeeded',
  })
  context.emit('payment_intent.succeeded', succeeded)
  return succeeded
}
