import { charges, type StoredCharge } from '../charges/charge.ts'
import { checkMultiple, formatAmount } from '../charges/currency.ts'
import { disputes } from '../disputes/dispute.ts'
import type { Context } from '../engine/context.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { choice, integer, type ParamsOf, text, unsupported } from '../engine/params.ts'
import { route } from '../engine/slice.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { paymentIntents } from '../payment-intents/payment-intent.ts'
import { behaviourOf } from '../payment-methods/payment-method.ts'
import { failRefundTask, makeRefund, refundSettlesAfter, type StoredRefund, settleRefundTask } from './refund.ts'

const shape = {
  amount: integer({ min: 1 }),
  charge: text(),
  metadata: metadataParam(),
  payment_intent: text(),
  reason: choice('duplicate', 'fraudulent', 'requested_by_customer'),
  currency: unsupported(),
  customer: unsupported(),
  instructions_email: unsupported(),
  origin: unsupported(),
  refund_application_fee: unsupported(),
  reverse_transfer: unsupported(),
}

type Params = ParamsOf<typeof shape>

/** `POST /v1/refunds`: of a payment or a charge, in whole or in part. */
export const createRefundRoute = route({
  method: 'POST',
  path: '/v1/refunds',
  params: shape,
  // Two refunds of one payment exclude each other, whichever of its ids they name.
  locks(context, params) {
    const intent = params.payment_intent ?? context.store.find(charges, params.charge ?? '')?.payment_intent
    return intent === undefined || intent === null ? [] : [intent]
  },
  handler: createRefund,
})

function createRefund(context: Context, params: Params): StoredRefund {
  const charge = chargeToRefund(context, params)
  const left = charge.amount_captured - charge.amount_refunded
  if (left <= 0) {
    throw invalidRequest(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' })
  }
  const amount = params.amount ?? left
  if (amount > left) {
    const [wanted, rest] = [formatAmount(amount, charge.currency), formatAmount(left, charge.currency)]
    throw invalidRequest(`Refund amount (${wanted}) is greater than unrefunded amount on charge (${rest})`, {
      param: 'amount',
    })
  }
  if (params.amount !== undefined) checkMultiple(amount, charge.currency)
  const behaviour = charge.payment_method === null ? undefined : behaviourOf(context, charge.payment_method).card.refund
  const refund = makeRefund(context, charge, {
    amount,
    status: behaviour === 'pending' ? 'pending' : 'succeeded',
    reason: params.reason ?? null,
    metadata: mergeMetadata({}, params.metadata),
  })
  if (behaviour !== undefined) {
    const kind = behaviour === 'pending' ? settleRefundTask : failRefundTask
    context.schedule({ at: context.now + refundSettlesAfter, kind, id: refund.id })
  }
  return refund
}

function chargeToRefund(context: Context, params: Params): StoredCharge {
  const charge = findCharge(context, params)
  const disputed = context.store
    .all(disputes)
    .some((dispute) => dispute.charge === charge.id && !dispute.is_charge_refundable)
  if (charge.disputed && disputed) {
    throw invalidRequest(`Charge ${charge.id} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    })
  }
  return charge
}

function findCharge(context: Context, { payment_intent: intentId, charge: chargeId }: Params): StoredCharge {
  if (intentId !== undefined && chargeId !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: charge, payment_intent.', { saved: false })
  }
  if (chargeId !== undefined) {
    const charge = context.inParam(charges, chargeId, 'charge')
    if (charge.status === 'succeeded' && charge.captured) return charge
    throw invalidRequest(`Charge ${chargeId} was not captured or did not succeed; it cannot be refunded.`, {
      param: 'charge',
    })
  }
  if (intentId === undefined) {
    throw invalidRequest('One of the following params should be provided for this request: payment_intent or charge.', {
      saved: false,
    })
  }
  const intent = context.inParam(paymentIntents, intentId, 'payment_intent')
  const charge = intent.latest_charge === null ? undefined : context.store.find(charges, intent.latest_charge)
  if (charge?.status === 'succeeded' && charge.captured) return charge
  throw invalidRequest(`This PaymentIntent (${intentId}) does not have a successful charge to refund.`)
}
