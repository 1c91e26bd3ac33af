import { seekOwner, userOf } from '../customers/observe-customer.ts'
import type { Fact } from '../events/domain-event.ts'
import { fold, unobserved } from '../observations/join.ts'
import { asSent, type Folded, type Observing } from '../observations/observe.ts'
import { findRow, putRow, type RowSet } from '../observations/row-set.ts'
import { withRefunds } from '../payments/observe-payment.ts'
import { type Find, many, one } from '../ports/storage.ts'
import { timestampOfSeconds } from '../time.ts'
import { type RefundObservation, type RefundRow, refundGroup, toRefund } from './refund.ts'

/** The refund by the gateway's id or by ours, its payment, and the payment's other refunds. */
export function seekRefund({ gatewayId, florinId, paymentGatewayId, customerId }: RefundObservation): readonly Find[] {
  return [
    one('refunds', { gatewayId }),
    ...(florinId === null ? [] : [one('refunds', { id: florinId })]),
    ...(paymentGatewayId === null
      ? []
      : [one('transactions', { gatewayId: paymentGatewayId }), many('refunds', { paymentGatewayId })]),
    ...seekOwner(customerId),
  ]
}

/** Folds an observation of a refund, and brings its payment's refunded sum up to date. */
export function foldRefund(rows: RowSet, observation: RefundObservation, observing: Observing): Folded {
  const { gatewayId, florinId, paymentGatewayId, refund } = observation
  const known =
    findRow(rows, 'refunds', (row) => row.gatewayId === gatewayId) ??
    findRow(rows, 'refunds', (row) => row.id === florinId && row.gatewayId === null)
  const payment = findRow(rows, 'transactions', (row) =>
    known?.paymentId ? row.id === known.paymentId : paymentGatewayId !== null && row.gatewayId === paymentGatewayId,
  )
  const base = known ?? adopted(rows, observation, observing)
  const named = {
    ...base,
    gatewayId,
    paymentId: base.paymentId ?? payment?.id ?? null,
    paymentGatewayId: base.paymentGatewayId ?? paymentGatewayId,
    userId: base.userId ?? payment?.userId ?? null,
  }
  const next = fold(named, refundGroup, refund, asSent(observing, 'refunds', gatewayId))
  const changed =
    !known ||
    next.observed !== known.observed ||
    next.gatewayId !== known.gatewayId ||
    next.paymentId !== known.paymentId
  if (!changed) return { rows, facts: [] }

  const withRefund = putRow(rows, 'refunds', { ...next, updatedAt: observing.now })
  const told = payment && withRefunds(withRefund, payment)
  const paid =
    told && told !== payment ? putRow(withRefund, 'transactions', { ...told, updatedAt: observing.now }) : withRefund
  return { rows: paid, facts: factsOf(known, next, observation) }
}

function adopted(rows: RowSet, observation: RefundObservation, { newId }: Observing): RefundRow {
  const createdAt = timestampOfSeconds(observation.created)
  const { amount, currency, status, gatewayStatus, reason, failureReason, gatewayCreated } = observation.refund.facts
  return {
    ...unobserved,
    id: newId('refund'),
    version: 0,
    createdAt,
    updatedAt: createdAt,
    userId: userOf(rows, observation.customerId),
    paymentId: null,
    paymentGatewayId: observation.paymentGatewayId,
    gatewayId: observation.gatewayId,
    ...{ amount, currency, status, gatewayStatus, reason, failureReason, gatewayCreated },
  }
}

function factsOf(
  known: RefundRow | undefined,
  next: RefundRow,
  { gatewayId, refund }: RefundObservation,
): readonly Fact[] {
  const { status } = refund.facts
  if ((status !== 'succeeded' && status !== 'failed') || known?.status === status) return []
  const data = toRefund(next)
  return [{ type: `refund.${status}`, objectId: next.id, discriminator: gatewayId, stamp: refund.stamp, data }]
}
