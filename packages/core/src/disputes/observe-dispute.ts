import { seekOwner, userOf } from '../customers/observe-customer.ts'
import type { Fact } from '../events/domain-event.ts'
import { fold, unobserved } from '../observations/join.ts'
import { lookAgainAt } from '../observations/look-again.ts'
import { asSent, type Folded, type Observing } from '../observations/observing.ts'
import { findRow, putRow, type RowSet } from '../observations/row-set.ts'
import { paymentNamed } from '../payments/observe-payment.ts'
import { type Find, one } from '../ports/storage.ts'
import { timestampOfSeconds } from '../time.ts'
import { type DisputeObservation, type DisputeRow, disputeGroup, isClosed, toDispute } from './dispute.ts'

/** The dispute, the payment that it is about, and whose it is. */
export function seekDispute({ gatewayId, paymentGatewayId, customerId }: DisputeObservation): readonly Find[] {
  return [
    one('disputes', { gatewayId }),
    ...(paymentGatewayId === null ? [] : [one('transactions', { gatewayId: paymentGatewayId })]),
    ...seekOwner(customerId),
  ]
}

/** Folds an observation of a dispute. */
export function foldDispute(rows: RowSet, observation: DisputeObservation, observing: Observing): Folded {
  const known = findRow(rows, 'disputes', (row) => row.gatewayId === observation.gatewayId)
  const payment = paymentNamed(rows, observation.paymentGatewayId)
  const base = known ?? adopted(observation, observing)
  const named: DisputeRow = {
    ...base,
    userId: base.userId ?? payment?.userId ?? userOf(rows, observation.customerId),
    paymentId: base.paymentId ?? payment?.id ?? null,
  }
  const next = fold(named, disputeGroup, observation.dispute, asSent(observing, 'disputes', observation.gatewayId))
  const facts = factsOf(known, next, observation)
  const isKnown = next.paymentId === known?.paymentId && next.userId === known?.userId
  if (isKnown && next.observed === known?.observed) return { rows, facts }
  const { now } = observing
  const dueAt = lookAgainAt(next, observing, { open: !isClosed(next.status) })
  return { rows: putRow(rows, 'disputes', { ...next, updatedAt: now, dueAt }), facts }
}

function adopted(observation: DisputeObservation, { newId }: Observing): DisputeRow {
  const createdAt = timestampOfSeconds(observation.created)
  return {
    ...unobserved,
    ...observation.dispute.facts,
    id: newId('dispute'),
    version: 0,
    createdAt,
    updatedAt: createdAt,
    userId: null,
    paymentId: null,
    paymentGatewayId: observation.paymentGatewayId,
    gatewayId: observation.gatewayId,
  }
}

function factsOf(known: DisputeRow | undefined, next: DisputeRow, { dispute }: DisputeObservation): readonly Fact[] {
  const { status } = dispute.facts
  const base = { objectId: next.id, stamp: dispute.stamp, data: toDispute(next) }
  const opened: Fact = { ...base, type: 'dispute.opened', discriminator: 'opened' }
  const closed: Fact = { ...base, type: 'dispute.closed', discriminator: status }
  return [...(known ? [] : [opened]), ...(isClosed(status) && known?.status !== status ? [closed] : [])]
}
