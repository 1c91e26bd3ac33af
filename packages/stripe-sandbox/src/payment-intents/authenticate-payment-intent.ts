import type { Context } from '../engine/context.ts'
import type { ControlRoute } from '../engine/slice.ts'
import { invalidParam } from '../engine/stripe-failure.ts'
import { paymentMethods } from '../payment-methods/payment-method.ts'
import { authenticationFailed } from '../payment-methods/test-cards.ts'
import { decline, takePayment } from './attempt-payment.ts'
import { paymentIntents, type StoredPaymentIntent, unexpectedState } from './payment-intent.ts'

/** The customer's part of 3-D Secure: `{ "outcome": "succeed" | "fail" }`. */
export const authenticatePaymentIntentControl: ControlRoute = {
  method: 'POST',
  path: '/payment_intents/:id/authenticate',
  handler: (context, { outcome = 'succeed' }, id) => authenticate(context, id, readOutcome(outcome)),
}

/** Reads the outcome of an authentication. */
export function readOutcome(value: unknown): 'succeed' | 'fail' {
  if (value === 'succeed' || value === 'fail') return value
  throw invalidParam('Invalid outcome: must be one of succeed, or fail', 'outcome')
}

function authenticate(context: Context, id: string, outcome: 'succeed' | 'fail'): StoredPaymentIntent {
  const intent = context.inPath(paymentIntents, id, 'intent')
  const method = intent.payment_method === null ? undefined : context.store.find(paymentMethods, intent.payment_method)
  if (intent.status !== 'requires_action' || method === undefined) {
    throw unexpectedState(
      `This PaymentIntent has a status of ${intent.status}: there is nothing to authenticate.`,
      intent,
    )
  }
  const attempt =
    outcome === 'succeed'
      ? takePayment(context, intent, method, { authenticated: true })
      : decline(context, intent, method, { ...authenticationFailed, charged: false })
  return attempt.intent
}
