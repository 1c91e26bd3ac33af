import { control } from '../engine/control-route.ts'
import { authenticationBody } from '../payment-intents/authenticate-payment-intent.ts'
import { paymentMethods } from '../payment-methods/payment-method.ts'
import { authenticationFailed } from '../payment-methods/test-cards.ts'
import { declineSetup, finishSetup } from './attempt-setup.ts'
import { setupIntents, unexpectedSetupState } from './setup-intent.ts'

/** What the customer does with the bank's page. */
export const authenticateSetupIntentControl = control({
  method: 'POST',
  path: '/setup_intents/:id/authenticate',
  summary: "The customer's part of 3-D Secure.",
  body: authenticationBody,
  handler(context, { outcome }, id) {
    const intent = context.inPath(setupIntents, id, 'intent')
    const method =
      intent.payment_method === null ? undefined : context.store.find(paymentMethods, intent.payment_method)
    if (intent.status !== 'requires_action' || method === undefined) {
      throw unexpectedSetupState(
        `This SetupIntent has a status of ${intent.status}: there is nothing to authenticate.`,
        intent,
      )
    }
    const attempt =
      outcome === 'succeed'
        ? finishSetup(context, intent, method, { authenticated: true })
        : declineSetup(context, intent, method, {
            ...authenticationFailed,
            code: 'setup_intent_authentication_failure',
          })
    return attempt.intent
  },
})
