import type Stripe from 'stripe'
import { z } from 'zod'
import type { GatewayCall } from '../ports/gateway.ts'
import { type RefundFacts, type RefundObservation, refundReasons } from '../refunds/refund.ts'
import type { Prepared } from './prepare.ts'
import {
  identity,
  idOf,
  openStatus,
  readMetadata,
  type Sight,
  sighted,
  sighting,
  tagMetadata,
  text,
  type Wire,
} from './wire.ts'

/** Refunds a sum in the smallest unit. It is always named, for Stripe's default is whatever is left by then. */
export function prepareCreateRefund(
  { payment, amount, reason, tag }: Extract<GatewayCall, { do: 'refund.create' }>,
  installation: string,
): Prepared {
  const known = refundReasons.find((one) => one === reason)
  const params = {
    payment_intent: payment,
    amount,
    ...(known !== undefined && { reason: known }),
    metadata: tagMetadata(tag, installation),
  } satisfies Stripe.RefundCreateParams
  return { method: 'POST', path: '/v1/refunds', params }
}

const shape = identity.extend({
  amount: z.number(),
  currency: z.string(),
  status: text,
  reason: text,
  failure_reason: text,
  payment_intent: idOf,
  customer: idOf,
})

const statuses = ['pending', 'requires_action', 'succeeded', 'failed', 'canceled'] as const

function refundFacts(refund: z.output<typeof shape>): RefundFacts {
  return {
    amount: refund.amount,
    currency: refund.currency.toUpperCase(),
    ...openStatus(statuses, refund.status ?? 'pending'),
    reason: refund.reason,
    failureReason: refund.failure_reason,
    gatewayCreated: refund.created,
  }
}

/** Reads a refund. Without a status it counts as pending; a word that Florin does not know becomes `unknown`. */
export function observeRefund(object: Wire, sight: Sight): RefundObservation {
  const seen = sighted(object, sight, shape)
  const { id, payment_intent, customer, metadata, livemode, created } = seen.read
  const { florinId, installation } = readMetadata(metadata)
  return {
    object: 'refund',
    gatewayId: id,
    ...{ florinId, installation, customerId: customer, livemode, created },
    paymentGatewayId: payment_intent,
    refund: sighting(seen, refundFacts),
  }
}
