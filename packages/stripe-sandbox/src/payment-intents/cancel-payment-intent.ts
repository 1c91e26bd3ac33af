import { charges } from '../charges/charge.ts'
import type { Context } from '../engine/context.ts'
import { expireTask, paymentIntents, type StoredPaymentIntent, unexpectedState } from './payment-intent.ts'

const cancelable = [
  'requires_payment_method',
  'requires_capture',
  'requires_confirmation',
  'requires_action',
  'processing',
]

/** Ends a PaymentIntent that has not taken money. A held sum is let go, which is no refund since 2025-03-31.basil. */
export function cancelPaymentIntent(
  context: Context,
  id: string,
  reason: StoredPaymentIntent['cancellation_reason'],
): StoredPaymentIntent {
  const intent = context.inPath(paymentIntents, id, 'intent')
  if (!cancelable.includes(intent.status)) {
    throw unexpectedState(
      `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be canceled: ${cancelable.join(', ')}.`,
      intent,
    )
  }
  if (intent.status === 'requires_capture' && intent.latest_charge !== null) {
    const charge = context.store.find(charges, intent.latest_charge)
    if (charge !== undefined && reason === 'expired') context.emit('charge.expired', charge)
    context.unschedule(expireTask, id)
  }
  const canceled = context.store.update(paymentIntents, id, {
    amount_capturable: 0,
    canceled_at: context.now,
    cancellation_reason: reason,
    next_action: null,
    status: 'canceled',
  })
  context.emit('payment_intent.canceled', canceled)
  return canceled
}
