import { chargeCard, chargeDeclined } from '../charges/charge.ts'
import { openDisputeAfter, openDisputeTask } from '../disputes/dispute.ts'
import type { Context } from '../engine/context.ts'
import { cardError, invalidRequest, type StripeFailure } from '../engine/stripe-failure.ts'
import { linkPaymentMethod } from '../payment-methods/attach-payment-method.ts'
import { behaviourOf, cardFacts, paymentMethods, type StoredPaymentMethod } from '../payment-methods/payment-method.ts'
import { authenticationNotHandled, authenticationRequired, type Decline } from '../payment-methods/test-cards.ts'
import { captureWindow, expireTask, paymentIntents, type StoredPaymentIntent } from './payment-intent.ts'

/** What came of trying to take the money. `error` is the 402 of a decline, ready to be thrown. */
export type PaymentAttempt =
  | { readonly outcome: 'succeeded' | 'requires_capture' | 'requires_action'; readonly intent: StoredPaymentIntent }
  | { readonly outcome: 'declined'; readonly intent: StoredPaymentIntent; readonly error: StripeFailure }

/** How an attempt is made. */
export interface PaymentAttemptOptions {
  /** A stored payment method. */
  readonly payment_method: string
  /** Nobody is there to authenticate: a card that asks for it is declined. */
  readonly off_session: boolean
  readonly error_on_requires_action?: boolean
  readonly return_url?: string | null
}

/**
 * Tries to take the money of a PaymentIntent with a card. A decline is an answer, not an exception: the intent then waits
 * for another payment method and carries the error. Throws 400 if the method may not be used with this intent.
 */
export function attemptPayment(context: Context, id: string, options: PaymentAttemptOptions): PaymentAttempt {
  const method = context.inParam(paymentMethods, options.payment_method, 'payment_method')
  const intent = context.inParam(paymentIntents, id, 'intent')
  checkUsable(context, intent, method)
  if (method.customer === null) context.store.update(cardFacts, method.id, { spent: true })
  if (needsAuthentication(context, method.id, options)) {
    if (options.off_session) return decline(context, intent, method, { ...authenticationRequired, charged: true })
    if (options.error_on_requires_action === true) {
      return decline(context, intent, method, { ...authenticationNotHandled, charged: false })
    }
    return askForAuthentication(context, intent, method, options.return_url ?? null)
  }
  return takePayment(context, intent, method, { authenticated: false })
}

/** Goes on after the customer has authenticated, or was never asked to. */
export function takePayment(
  context: Context,
  intent: StoredPaymentIntent,
  method: StoredPaymentMethod,
  { authenticated }: { authenticated: boolean },
): PaymentAttempt {
  const { card, facts } = behaviourOf(context, method.id)
  const current = context.store.update(paymentIntents, intent.id, { payment_method: method.id, next_action: null })
  if (card.decline !== undefined)
    return decline(context, current, method, { ...card.decline, charged: true, authenticated })
  const charge = chargeCard(context, { intent: current, method, authenticated })
  const held = current.capture_method === 'manual'
  const paid = context.store.update(paymentIntents, intent.id, {
    amount_capturable: held ? current.amount : 0,
    amount_received: held ? 0 : current.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    status: held ? 'requires_capture' : 'succeeded',
  })
  if (authenticated && current.setup_future_usage === 'off_session') {
    context.store.update(cardFacts, method.id, { ...facts, set_up: true })
  }
  if (current.setup_future_usage !== null && current.customer !== null && method.customer === null) {
    linkPaymentMethod(context, method.id, current.customer)
  }
  if (card.dispute !== undefined && !held) {
    context.schedule({ at: context.now + openDisputeAfter, kind: openDisputeTask, id: charge.id })
  }
  if (held) {
    context.schedule({ at: context.now + captureWindow, kind: expireTask, id: paid.id })
    context.emit('payment_intent.amount_capturable_updated', paid)
    return { outcome: 'requires_capture', intent: paid }
  }
  context.emit('payment_intent.succeeded', paid)
  return { outcome: 'succeeded', intent: paid }
}

/** Refuses a method that belongs to somebody else or was used up. */
export function checkUsable(
  context: Context,
  intent: { customer: string | null; payment_method: string | null },
  method: StoredPaymentMethod,
): void {
  if (method.customer !== null && method.customer !== intent.customer) {
    throw invalidRequest(
      intent.customer === null
        ? `The provided PaymentMethod (${method.id}) belongs to a Customer. Please include the Customer in the \`customer\` parameter.`
        : `The customer does not have a payment method with the ID ${method.id}. The payment method must be attached to the customer.`,
      { param: 'payment_method' },
    )
  }
  // An intent that waits for authentication may go on with the card that it has begun with.
  const begun = intent.payment_method === method.id
  if (method.customer === null && !begun && behaviourOf(context, method.id).facts.spent) {
    throw invalidRequest(
      'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.',
      { param: 'payment_method' },
    )
  }
}

function needsAuthentication(
  context: Context,
  id: string,
  { off_session: offSession }: PaymentAttemptOptions,
): boolean {
  const { card, facts } = behaviourOf(context, id)
  if (card.authentication === undefined || card.authentication === 'always') return card.authentication !== undefined
  return !offSession || (card.authentication === 'unless_set_up' && !facts.set_up)
}

function askForAuthentication(
  context: Context,
  intent: StoredPaymentIntent,
  method: StoredPaymentMethod,
  returnUrl: string | null,
): PaymentAttempt {
  const waiting = context.store.update(paymentIntents, intent.id, {
    payment_method: method.id,
    last_payment_error: null,
    next_action: nextAction(context, returnUrl),
    status: 'requires_action',
  })
  context.emit('payment_intent.requires_action', waiting)
  return { outcome: 'requires_action', intent: waiting }
}

/** Where the customer is sent to authenticate. */
export const nextAction = (context: Context, returnUrl: string | null) =>
  returnUrl === null
    ? {
        type: 'use_stripe_sdk',
        use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: threeDSecureUrl(context) },
      }
    : { type: 'redirect_to_url', redirect_to_url: { return_url: returnUrl, url: threeDSecureUrl(context) } }

const threeDSecureUrl = (context: Context): string =>
  `https://hooks.stripe.com/3d_secure_2/hosted?source=${context.newId('payatt')}`

/** Puts the intent back to waiting for a payment method, with the error. */
export function decline(
  context: Context,
  intent: StoredPaymentIntent,
  method: StoredPaymentMethod,
  { charged, authenticated = false, ...reason }: Decline & { charged: boolean; authenticated?: boolean },
): PaymentAttempt {
  const charge = charged ? chargeDeclined(context, { intent, method, authenticated }, reason) : undefined
  const chargeId = charge === undefined ? {} : { charge: charge.id }
  const refused = context.store.update(paymentIntents, intent.id, {
    last_payment_error: { type: 'card_error', ...reason, ...chargeId, payment_method: method },
    next_action: null,
    payment_method: null,
    status: 'requires_payment_method',
    ...(charge === undefined ? {} : { latest_charge: charge.id }),
  })
  context.emit('payment_intent.payment_failed', refused)
  const error = cardError({ param: '', ...reason, ...chargeId, payment_intent: refused, payment_method: method })
  return { outcome: 'declined', intent: refused, error }
}
