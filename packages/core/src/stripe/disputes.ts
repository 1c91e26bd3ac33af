import { z } from 'zod'
import type { DisputeFacts, DisputeObservation } from '../disputes/dispute.ts'
import { identity, idOf, readMetadata, type Sight, sighted, sighting, time, type Wire } from './wire.ts'

const shape = identity.extend({
  amount: z.number(),
  currency: z.string(),
  status: z.string(),
  reason: z.string(),
  payment_intent: idOf,
  evidence_details: z.object({ due_by: time }).nullish(),
})

function disputeFacts(dispute: z.output<typeof shape>): DisputeFacts {
  const { amount, currency, status, reason, evidence_details: evidence } = dispute
  return { amount, currency: currency.toUpperCase(), status, reason, evidenceDueBy: evidence?.due_by ?? null }
}

/** Reads a dispute. It names its payment and no customer, so whose it is has to be found by the payment. */
export function observeDispute(object: Wire, sight: Sight): DisputeObservation {
  const seen = sighted(object, sight, shape)
  const { id, payment_intent, metadata, livemode, created } = seen.read
  const { installation } = readMetadata(metadata)
  return {
    object: 'dispute',
    gatewayId: id,
    ...{ florinId: null, installation, customerId: null, livemode, created },
    paymentGatewayId: payment_intent,
    dispute: sighting(seen, disputeFacts),
  }
}
