import { z } from 'zod'
import type { Context } from '../engine/context.ts'
import { control } from '../engine/control-route.ts'
import { paymentMethods } from '../payment-methods/payment-method.ts'
import { authenticationFailed } from '../payment-methods/test-cards.ts'
import { decline, takePayment } from './attempt-payment.ts'
import { paymentIntents, type StoredPaymentIntent, unexpectedState } from './payment-intent.ts'

/** What the customer does with 3-D Secure. */
export const authenticationBody = z.strictObject({ outcome: z.enum(['succeed', 'fail']).default('succeed') })

export const authenticatePaymentIntentControl = control({
  method: 'POST',
  path: '/payment_intents/:id/authenticate',
  summary: "The customer's part of 3-D Secure.",
  body: authenticationBody,
  handler: (context, { outcome }, id) => authenticate(context, id, outcome),
})

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
