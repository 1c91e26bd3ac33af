import type { Context } from '../engine/context.ts'
import { type ParamsOf, text } from '../engine/params.ts'
import { route } from '../engine/slice.ts'
import { checkClientSecret, checkReturnUrl } from '../payment-intents/payment-intent-params.ts'
import { usablePaymentMethod } from '../payment-methods/payment-method.ts'
import { attemptSetup } from './attempt-setup.ts'
import { type StoredSetupIntent, setupIntents, unexpectedSetupState } from './setup-intent.ts'
import { confirmShape, requireOpen, sharedShape } from './setup-intent-params.ts'

const shape = { ...sharedShape, ...confirmShape, client_secret: text() }

/** `POST /v1/setup_intents/:id/confirm`: by the server, or by the customer with the client secret. */
export const confirmSetupIntentRoute = route({
  method: 'POST',
  path: '/v1/setup_intents/:id/confirm',
  publishable: true,
  params: shape,
  handler: confirmSetupIntent,
})

function confirmSetupIntent(context: Context, params: ParamsOf<typeof shape>, id: string): StoredSetupIntent {
  const intent = context.inPath(setupIntents, id, 'intent')
  checkClientSecret(context, intent, params.client_secret)
  requireOpen(intent, 'confirmed')
  const automatic = params.allowed_payment_method_types === undefined ? intent.automatic_payment_methods : null
  checkReturnUrl(context, { automatic, returnUrl: params.return_url })
  const method =
    params.payment_method === undefined
      ? intent.payment_method
      : usablePaymentMethod(context, params.payment_method, 'payment_method').id
  return confirmSetup(context, intent, method, params.return_url)
}

/** Sets up with a method, and throws the decline where that is what comes of it. */
export function confirmSetup(
  context: Context,
  intent: StoredSetupIntent,
  method: string | null,
  returnUrl: string | undefined,
): StoredSetupIntent {
  if (method === null) {
    throw unexpectedSetupState(
      "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.",
      intent,
    )
  }
  const attempt = attemptSetup(context, intent.id, { payment_method: method, return_url: returnUrl ?? null })
  if (attempt.outcome === 'declined') throw attempt.error
  return attempt.intent
}
