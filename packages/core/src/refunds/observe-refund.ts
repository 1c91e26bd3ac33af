import { seekOwner, userOf } from '../customers/observe-customer.ts'
import { settleDuplicate } from '../debts/claim-debt.ts'
import type { Fact } from '../events/domain-event.ts'
import { fold, unobserved } from '../observations/join.ts'
import { lookAgainAt } from '../observations/look-again.ts'
import { rowOf } from '../observations/object-kinds.ts'
import { asSent, type Folded, type Observing } from '../observations/observing.ts'
import { findRow, putRow, type RowSet } from '../observations/row-set.ts'
import { paymentNamed, refundsIn, withRefunds } from '../payments/observe-payment.ts'
import { isOpenPayment, type PaymentRow, toPayment } from '../payments/payment.ts'
import { type Find, many, one } from '../ports/storage.ts'
import { timestampOfSeconds } from '../time.ts'
import { isOpenRefund, type RefundObservation, type RefundRow, refundGroup, toRefund } from './refund.ts'

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
  const { gatewayId, paymentGatewayId, refund } = observation
  const known = rowOf(rows, 'refunds', observation)
  const payment = known?.paymentId
    ? findRow(rows, 'transactions', ({ id }) => id === known.paymentId)
    : paymentNamed(rows, paymentGatewayId)
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
    next.paymentId !== known.paymentId ||
    next.userId !== known.userId
  if (!changed) return { rows, facts: factsOf(known, next, observation) }

  const { now } = observing
  const dueAt = lookAgainAt(next, observing, { open: isOpenRefund(next, now) })
  const withRefund = putRow(rows, 'refunds', { ...next, updatedAt: now, dueAt })
  const after = withPayment(withRefund, payment, observing)
  const paid = payment && findRow(after, 'transactions', ({ id }) => id === payment.id)
  return {
    rows: paid ? settleDuplicate(after, paid, now) : after,
    facts: [...factsOf(known, next, observation), ...duplicateFact(after, paid, observation)],
  }
}

/** Brings a payment's refunded sum up to date, and forgets that it was due for a refund that is known now. */
function withPayment(rows: RowSet, payment: PaymentRow | undefined, observing: Observing): RowSet {
  if (!payment) return rows
  const told = withRefunds(rows, payment, observing)
  const dueAt = told.dueAt ?? (payment.inDoubt || isOpenPayment(payment) ? payment.dueAt : null)
  if (told.amountRefunded === payment.amountRefunded && dueAt === payment.dueAt) return rows
  return putRow(rows, 'transactions', { ...told, dueAt, updatedAt: observing.now })
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

/** All the money of a duplicate went back, whoever saw to it. */
function duplicateFact(rows: RowSet, payment: PaymentRow | undefined, { refund }: RefundObservation): readonly Fact[] {
  if (!payment || payment.duplicateOf === null || payment.amountRefunded < payment.amountCaptured) return []
  const isOver = refundsIn(rows, payment).every(({ status }) => ['succeeded', 'failed', 'canceled'].includes(status))
  if (!isOver || payment.amountCaptured === 0) return []
  const data = toPayment(payment, { withSecret: false })
  const { stamp } = refund
  return [{ type: 'payment.duplicate_refunded', objectId: payment.id, discriminator: 'refunded', stamp, data }]
}
