import type Stripe from 'stripe'
import { z } from 'zod'
import { maskCardNumbers } from '../input/card-number.ts'
import { fingerprint } from '../json.ts'
import type { ChargeFacts, IntentFacts, PaymentObservation } from '../payments/payment.ts'
import type { GatewayCall } from '../ports/gateway.ts'
import type { Prepared } from './prepare.ts'
import {
  identity,
  idOf,
  isWire,
  openStatus,
  readMetadata,
  type Sight,
  type Sighted,
  sighted,
  sighting,
  tagMetadata,
  text,
  type Wire,
} from './wire.ts'

type Call<Name extends GatewayCall['do']> = Extract<GatewayCall, { do: Name }>

// Without a return URL only methods that never redirect can be confirmed on the server.
const methods = (returnUrl: string | undefined) =>
  returnUrl === undefined ? { enabled: true, allow_redirects: 'never' as const } : { enabled: true }

/** Makes a payment: confirmed at once with a payment method, waiting for Stripe.js without one. */
export function prepareCreatePayment(call: Call<'payment.create'>, installation: string): Prepared {
  const confirm = {
    confirm: true,
    payment_method: call.paymentMethod ?? '',
    off_session: call.offSession,
    automatic_payment_methods: methods(call.returnUrl),
    ...(call.returnUrl !== undefined && { return_url: call.returnUrl }),
  } satisfies Partial<Stripe.PaymentIntentCreateParams>
  const params = {
    amount: call.amount,
    currency: call.currency.toLowerCase(),
    customer: call.customer,
    capture_method: call.captureMethod === 'manual' ? 'manual' : 'automatic_async',
    metadata: { ...call.metadata, ...tagMetadata(call.tag, installation) },
    ...(call.description !== undefined && { description: call.description }),
    ...(call.paymentMethod === undefined ? { automatic_payment_methods: { enabled: true } } : confirm),
    expand: ['latest_charge'],
  } satisfies Stripe.PaymentIntentCreateParams
  return { method: 'POST', path: '/v1/payment_intents', params }
}

/** Tries a payment with a method. Stripe wants a return URL unless the payment was made for those that never redirect. */
export function prepareConfirmPayment({ payment, paymentMethod, returnUrl }: Call<'payment.confirm'>): Prepared {
  const params = {
    payment_method: paymentMethod,
    ...(returnUrl !== undefined && { return_url: returnUrl }),
    expand: ['latest_charge'],
  } satisfies Stripe.PaymentIntentConfirmParams
  return { method: 'POST', path: `/v1/payment_intents/${payment}/confirm`, params }
}

/** Takes what was authorised, or `amount` of it in the smallest unit. Once only: Stripe releases the rest. */
export function prepareCapturePayment({ payment, amount }: Call<'payment.capture'>): Prepared {
  const params = {
    ...(amount !== undefined && { amount_to_capture: amount }),
    expand: ['latest_charge'],
  } satisfies Stripe.PaymentIntentCaptureParams
  return { method: 'POST', path: `/v1/payment_intents/${payment}/capture`, params }
}

const cancelReasons = ['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'] as const

/** Cancels a payment, and releases what was authorised. A reason that is none of Stripe's words is left out. */
export function prepareCancelPayment({ payment, reason }: Call<'payment.cancel'>): Prepared {
  const known = cancelReasons.find((one) => one === reason)
  const params = {
    ...(known !== undefined && { cancellation_reason: known }),
  } satisfies Stripe.PaymentIntentCancelParams
  return { method: 'POST', path: `/v1/payment_intents/${payment}/cancel`, params }
}

const shape = identity.extend({
  customer: idOf,
  client_secret: text,
  description: text,
  amount: z.number(),
  currency: z.string(),
  status: z.string(),
  amount_capturable: z.number().default(0),
  amount_received: z.number().default(0),
  capture_method: text,
  payment_method: idOf,
  latest_charge: idOf,
  last_payment_error: z
    .looseObject({ code: text, decline_code: text, message: text, type: text, charge: idOf })
    .nullish(),
  next_action: z.object({ type: z.string(), redirect_to_url: z.object({ url: text }).nullish() }).nullish(),
})

const statuses = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'canceled',
] as const

function intentFacts(intent: z.output<typeof shape>): IntentFacts {
  const error = intent.status === 'succeeded' ? null : (intent.last_payment_error ?? null)
  const { status, gatewayStatus } = openStatus(statuses, intent.status)
  return {
    amount: intent.amount,
    currency: intent.currency.toUpperCase(),
    // Stripe's word for "declined, try another method" is the same as for "not tried yet".
    status: status === 'requires_payment_method' && error ? 'failed' : status,
    gatewayStatus,
    amountCapturable: intent.amount_capturable,
    amountCaptured: intent.amount_received,
    captureMethod: intent.capture_method === 'manual' ? 'manual' : 'automatic',
    paymentMethod: intent.payment_method,
    chargeId: intent.latest_charge,
    failure: error && {
      code: error.code ?? error.type ?? 'unknown',
      declineCode: error.decline_code,
      message: error.message && maskCardNumbers(error.message),
    },
    nextAction: intent.next_action
      ? { type: intent.next_action.type, redirectUrl: intent.next_action.redirect_to_url?.url ?? null }
      : null,
  }
}

const refundedShape = z.object({ amount_refunded: z.number() })

const chargeFacts = (charge: z.output<typeof refundedShape>): ChargeFacts => ({
  chargeRefunded: charge.amount_refunded,
})

/**
 * What tells one attempt from the next: its charge, where it came so far, or the very action that the customer is asked
 * for. An authentication that failed has neither.
 */
function attemptOf({ object, read }: Sighted<z.output<typeof shape>>): string | undefined {
  const { status, last_payment_error: error } = read
  if (status === 'requires_action' && isWire(object.next_action)) return fingerprint(object.next_action)
  return (status === 'requires_payment_method' && error?.charge) || undefined
}

/** A PaymentIntent, and its charge where the answer holds it. `paymentFailed` is told by the event's type. */
export function observePaymentIntent(
  object: Wire,
  sight: Sight,
  { paymentFailed }: { paymentFailed: boolean },
): PaymentObservation {
  const seen = sighted(object, sight, shape)
  const { id, customer, client_secret, description, metadata, livemode, created } = seen.read
  const charge = object.latest_charge
  const attempt = attemptOf(seen)
  const { florinId, installation, userId, reference, metadata: own } = readMetadata(metadata)
  return {
    object: 'payment',
    gatewayId: id,
    ...{ florinId, installation, customerId: customer, livemode, created, userId, reference },
    intent: sighting(seen, intentFacts),
    ...(isWire(charge) && { charge: { facts: chargeFacts(refundedShape.parse(charge)), stamp: sight.stamp } }),
    ...(attempt !== undefined && { attempt }),
    ...(paymentFailed && { paymentFailed }),
    ...(client_secret !== null && { clientSecret: client_secret }),
    description,
    metadata: own,
  }
}

const chargeShape = identity.extend({
  payment_intent: idOf,
  customer: idOf,
  amount: z.number(),
  currency: z.string(),
})

/** A charge of a PaymentIntent: what it tells of refunds. Charges without one were made by nobody that uses Florin. */
export function observeCharge(object: Wire, sight: Sight): PaymentObservation | undefined {
  const charge = chargeShape.parse(object)
  const { payment_intent, customer, metadata, livemode, created } = charge
  if (payment_intent === null) return undefined
  const { florinId, installation } = readMetadata(metadata)
  return {
    object: 'payment',
    gatewayId: payment_intent,
    ...{ florinId, installation, customerId: customer, livemode, created },
    charge: sighting(sighted(object, sight, refundedShape), chargeFacts),
    sum: { amount: charge.amount, currency: charge.currency.toUpperCase() },
  }
}
