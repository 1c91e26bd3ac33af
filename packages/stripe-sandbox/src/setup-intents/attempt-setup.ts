import type { Context } from '../engine/context.ts'
import { cardError, type StripeFailure } from '../engine/stripe-failure.ts'
import { checkUsable, nextAction } from '../payment-intents/attempt-payment.ts'
import { linkPaymentMethod } from '../payment-methods/attach-payment-method.ts'
import { behaviourOf, cardFacts, paymentMethods, type StoredPaymentMethod } from '../payment-methods/payment-method.ts'
import type { Decline } from '../payment-methods/test-cards.ts'
import { type StoredSetupIntent, setupAttempts, setupIntents } from './setup-intent.ts'

/** What came of trying to set a card up. */
export type SetupAttempt =
  | { readonly outcome: 'succeeded' | 'requires_action'; readonly intent: StoredSetupIntent }
  | { readonly outcome: 'declined'; readonly intent: StoredSetupIntent; readonly error: StripeFailure }

/** Tries to set a card up for later payments. A decline is an answer, not an exception. */
export function attemptSetup(
  context: Context,
  id: string,
  { payment_method: methodId, return_url: returnUrl }: { payment_method: string; return_url?: string | null },
): SetupAttempt {
  const method = context.inParam(paymentMethods, methodId, 'payment_method')
  const intent = context.inParam(setupIntents, id, 'intent')
  checkUsable(context, intent, method)
  const { card } = behaviourOf(context, methodId)
  if (card.authentication === undefined) return finishSetup(context, intent, method, { authenticated: false })
  const attempt = recordAttempt(context, intent, method, 'requires_action')
  const waiting = context.store.update(setupIntents, id, {
    last_setup_error: null,
    latest_attempt: attempt,
    next_action: nextAction(context, returnUrl ?? null),
    payment_method: methodId,
    status: 'requires_action',
  })
  context.emit('setup_intent.requires_action', waiting)
  return { outcome: 'requires_action', intent: waiting }
}

/** Goes on after the customer has authenticated, or was never asked to. */
export function finishSetup(
  context: Context,
  intent: StoredSetupIntent,
  method: StoredPaymentMethod,
  { authenticated }: { authenticated: boolean },
): SetupAttempt {
  const { card } = behaviourOf(context, method.id)
  if (card.declinesAttach === true && card.decline !== undefined)
    return declineSetup(context, intent, method, card.decline)
  if (authenticated) context.store.update(cardFacts, method.id, { set_up: true })
  if (intent.customer !== null) linkPaymentMethod(context, method.id, intent.customer)
  const done = context.store.update(setupIntents, intent.id, {
    last_setup_error: null,
    latest_attempt: recordAttempt(context, intent, method, 'succeeded'),
    next_action: null,
    payment_method: method.id,
    status: 'succeeded',
  })
  context.emit('setup_intent.succeeded', done)
  return { outcome: 'succeeded', intent: done }
}

/** Puts the intent back to waiting for a payment method, with the error. */
export function declineSetup(
  context: Context,
  intent: StoredSetupIntent,
  method: StoredPaymentMethod,
  reason: Decline,
): SetupAttempt {
  const refused = context.store.update(setupIntents, intent.id, {
    last_setup_error: { type: 'card_error', ...reason, payment_method: method },
    latest_attempt: recordAttempt(context, intent, method, 'failed'),
    next_action: null,
    payment_method: null,
    status: 'requires_payment_method',
  })
  context.emit('setup_intent.setup_failed', refused)
  const error = cardError({ param: '', ...reason, payment_method: method, setup_intent: refused })
  return { outcome: 'declined', intent: refused, error }
}

function recordAttempt(
  context: Context,
  intent: StoredSetupIntent,
  method: StoredPaymentMethod,
  status: 'requires_action' | 'succeeded' | 'failed',
): string {
  const { card } = method
  return context.store.put(setupAttempts, {
    id: context.newId('setatt'),
    object: 'setup_attempt',
    application: null,
    created: context.now,
    customer: intent.customer,
    customer_account: null,
    flow_directions: null,
    livemode: false,
    on_behalf_of: null,
    payment_method: method.id,
    payment_method_details: {
      card: {
        brand: card.brand,
        checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: null },
        country: card.country,
        exp_month: card.exp_month,
        exp_year: card.exp_year,
        fingerprint: card.fingerprint ?? null,
        funding: card.funding,
        last4: card.last4,
        network: card.brand,
        three_d_secure: null,
        wallet: null,
      },
      type: 'card',
    },
    setup_error: null,
    setup_intent: intent.id,
    status,
    usage: intent.usage,
  }).id
}
