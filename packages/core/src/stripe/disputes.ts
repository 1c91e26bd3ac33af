import { z } from 'zod'
import type { DisputeFacts, DisputeObservation } from '../disputes/dispute.ts'
import { identity, idOf, readMetadata, type Sight, sighting, time, type Wire } from './wire.ts'

const shape = identity.extend({
  amount: z.number(),
  currency: z.string(),
  status: z.string(),
  reason: z.string(),
  payment_intent: idOf,
  evidence_details: z.object({ due_by: time }).nullish(),
})

function disputeFacts(object: Wire): DisputeFacts {
  const { amount, currency, status, reason, evidence_details: evidence } = shape.parse(object)
  return { amount, currency: currency.toUpperCase(), status, reason, evidenceDueBy: evidence?.due_by ?? null }
}

export function observeDispute(object: Wire, sight: Sight): DisputeObservation {
  const { id, payment_intent, metadata, livemode, created } = shape.parse(object)
  const { installation } = readMetadata(metadata)
  return {
    object: 'dispute',
    gatewayId: id,
    ...{ florinId: null, installation, customerId: null, livemode, created },
    paymentGatewayId: payment_intent,
    dispute: sighting(object, sight, disputeFacts),
  }
}
