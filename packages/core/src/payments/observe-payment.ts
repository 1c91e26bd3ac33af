import { seekOwner, userOf } from '../customers/observe-customer.ts'
import { settleClaim } from '../debts/claim-debt.ts'
import { debtId } from '../debts/debt.ts'
import type { DomainEventType, Fact } from '../events/domain-event.ts'
import { fold, unobserved } from '../observations/join.ts'
import { lookAgainAt } from '../observations/look-again.ts'
import { rowOf } from '../observations/object-kinds.ts'
import { asSent, type Folded, type Observing } from '../observations/observing.ts'
import { findRow, putRow, type RowSet, rowsOf } from '../observations/row-set.ts'
import { type Find, many, one } from '../ports/storage.ts'
import { knownRefunds, type RefundRow, refundedAmount } from '../refunds/refund.ts'
import { timestampOfSeconds } from '../time.ts'
import {
  chargeGroup,
  type IntentFacts,
  intentGroup,
  isOpenPayment,
  type PaymentObservation,
  type PaymentRow,
  type PaymentStatus,
  toPayment,
} from './payment.ts'

/** The payment by the gateway's id or by ours, its refunds (their sum is part of it), whose it is, and its debt. */
export function seekPayment(observation: PaymentObservation): readonly Find[] {
  const { gatewayId, florinId, customerId, userId, reference } = observation
  return [
    one('transactions', { gatewayId }),
    ...(florinId === null ? [] : [one('transactions', { id: florinId })]),
    many('refunds', { paymentGatewayId: gatewayId }),
    many('disputes', { paymentGatewayId: gatewayId }),
    ...seekOwner(customerId),
    ...(userId && reference ? [one('debts', { id: debtId(userId, reference) })] : []),
  ]
}

/** Folds an observation of a payment into its row: the one it names, the open one that it answers, or a new one. */
export function foldPayment(rows: RowSet, observation: PaymentObservation, observing: Observing): Folded {
  const { gatewayId, intent, charge } = observation
  const known = rowOf(rows, 'transactions', observation)
  const base = known ?? adopted(rows, observation, observing)
  const named: PaymentRow = {
    ...base,
    gatewayId,
    customerId: base.customerId ?? observation.customerId,
    userId: base.userId ?? userOf(rows, observation.customerId) ?? observation.userId ?? null,
    reference: base.reference ?? observation.reference ?? null,
    clientSecret: base.clientSecret ?? observation.clientSecret ?? null,
    ...ownWords(base, observation),
  }
  const sent = asSent(observing, 'transactions', gatewayId)
  const joined = fold(fold(named, intentGroup, intent, sent), chargeGroup, charge, sent)
  const { now } = observing
  const { rows: owed, payment: next } = settleClaim(
    rows,
    known,
    { ...withRefunds(rows, joined, observing), updatedAt: now },
    { now, isOwn: base.id === observation.florinId },
  )
  // What only its charge or a Checkout session told of is read at once.
  const unseen = next.observed.intent === undefined ? now : null
  const dueAt = next.dueAt ?? unseen ?? lookAgainAt(next, observing, { open: isOpenPayment(next) })
  return {
    rows: linkToPayment(known && isSame(known, next) ? owed : putRow(owed, 'transactions', { ...next, dueAt }), next),
    facts: [...factsOf(known, next, observation), ...duplicateFact(known, next, observation)],
  }
}

/** Refunds and disputes that arrived before their payment, or before it was known whose it is, find it here. */
export function linkToPayment(rows: RowSet, { id, gatewayId, userId, updatedAt }: PaymentRow): RowSet {
  const isOrphan = (row: Pick<RefundRow, 'paymentId' | 'paymentGatewayId' | 'userId'>) =>
    row.paymentGatewayId === gatewayId && (row.paymentId === null || (row.userId === null && userId !== null))
  const found = <Row extends { userId: string | null }>(row: Row) => ({
    ...row,
    ...{ paymentId: id, userId: row.userId ?? userId, updatedAt },
  })
  const withRefunds = rowsOf(rows, 'refunds')
    .filter(isOrphan)
    .reduce((set, refund) => putRow(set, 'refunds', found(refund)), rows)
  return rowsOf(rows, 'disputes')
    .filter(isOrphan)
    .reduce((set, dispute) => putRow(set, 'disputes', found(dispute)), withRefunds)
}

/**
 * The payment with what its refunds say of it. Where its charge tells of more than the refunds that are known here, it is
 * due to be read: the sum is right at once, the missing refunds follow.
 */
export function withRefunds(rows: RowSet, payment: PaymentRow, { now, sent }: Observing): PaymentRow {
  const refunds = refundsIn(rows, payment)
  const amountRefunded = refundedAmount(payment, refunds)
  const unexplained = !sent && payment.chargeRefunded > knownRefunds(refunds)
  return { ...payment, amountRefunded, dueAt: unexplained ? now : null }
}

/** The payment that an object names by the gateway's id, if it names one. */
export const paymentNamed = (rows: RowSet, gatewayId: string | null): PaymentRow | undefined =>
  gatewayId === null ? undefined : findRow(rows, 'transactions', (row) => row.gatewayId === gatewayId)

/** The refunds of a payment among the rows. */
export const refundsIn = (rows: RowSet, { id, gatewayId }: PaymentRow): readonly RefundRow[] =>
  rowsOf(rows, 'refunds').filter(
    (refund) => refund.paymentId === id || (gatewayId !== null && refund.paymentGatewayId === gatewayId),
  )

function isSame(known: PaymentRow, next: PaymentRow): boolean {
  return (
    next.observed === known.observed &&
    next.amountRefunded === known.amountRefunded &&
    next.gatewayId === known.gatewayId &&
    next.customerId === known.customerId &&
    next.userId === known.userId &&
    next.reference === known.reference &&
    next.duplicateOf === known.duplicateOf &&
    next.clientSecret === known.clientSecret
  )
}

function adopted(rows: RowSet, observation: PaymentObservation, { newId }: Observing): PaymentRow {
  const createdAt = timestampOfSeconds(observation.created)
  return {
    ...unobserved,
    id: newId('tx'),
    version: 0,
    createdAt,
    updatedAt: createdAt,
    userId: userOf(rows, observation.customerId),
    customerId: observation.customerId,
    gatewayId: observation.gatewayId,
    amount: observation.sum?.amount ?? 0,
    currency: observation.sum?.currency ?? 'USD',
    status: 'unknown',
    gatewayStatus: null,
    amountCapturable: 0,
    amountCaptured: 0,
    amountRefunded: 0,
    captureMethod: 'automatic',
    paymentMethod: null,
    failure: null,
    nextAction: null,
    chargeId: null,
    chargeRefunded: 0,
    description: null,
    reference: null,
    duplicateOf: null,
    metadata: {},
    clientSecret: null,
  }
}

/**
 * What a payment says of itself. Only its PaymentIntent tells it, which may come after the charge or the Checkout session
 * that its row was made of; what was asked for here is known already.
 */
function ownWords({ gatewayId, observed }: PaymentRow, { intent, description, metadata }: PaymentObservation) {
  if (!intent || gatewayId === null || observed.intent) return {}
  return { description: description ?? null, metadata: metadata ?? {} }
}

const eventOf: Partial<Record<PaymentStatus, DomainEventType>> = {
  succeeded: 'payment.succeeded',
  failed: 'payment.failed',
  requires_action: 'payment.requires_action',
  canceled: 'payment.canceled',
}

// A stale observation may still prove a fact: the outbox's unique key makes sure that each is told once.
function factsOf(known: PaymentRow | undefined, next: PaymentRow, observation: PaymentObservation): readonly Fact[] {
  const { intent } = observation
  const type = intent && eventOf[intent.facts.status]
  if (!type || isTold(known, observation)) return []
  const { stamp } = intent
  const data = toPayment(next, { withSecret: false })
  return [
    {
      type,
      objectId: next.id,
      discriminator: nameOf(observation, intent.facts, stamp),
      stamp,
      data,
      currency: next.currency,
    },
  ]
}

/** Whether the row shows the very state already, so that whoever made it so has told it. */
function isTold(known: PaymentRow | undefined, { intent, paymentFailed, attempt }: PaymentObservation): boolean {
  if (!intent || known?.status !== intent.facts.status) return false
  const { status, chargeId, paymentMethod, failure } = intent.facts
  // An authentication that failed leaves no charge: only its own event tells it from the one before, and from the next.
  if (paymentFailed && attempt === undefined) {
    return known.failure?.code === failure?.code && (known.observed.intent?.stamp ?? 0) >= intent.stamp
  }
  return status === 'requires_action' ? known.paymentMethod === paymentMethod : known.chargeId === chargeId
}

/** What makes the fact one of its kind. A payment may fail, and ask for an action, once for every attempt. */
function nameOf({ attempt }: PaymentObservation, { status, chargeId }: IntentFacts, stamp: number): string {
  if (status === 'canceled') return 'canceled'
  return (status === 'succeeded' ? chargeId : attempt) ?? String(stamp)
}

function duplicateFact(
  known: PaymentRow | undefined,
  next: PaymentRow,
  { created }: PaymentObservation,
): readonly Fact[] {
  if (next.duplicateOf === null || known?.duplicateOf) return []
  // A Checkout session may tell the reference only after the money came, and tells no time of its own.
  const stamp = next.observed.intent?.stamp ?? created
  const data = toPayment(next, { withSecret: false })
  return [{ type: 'payment.duplicate_detected', objectId: next.id, discriminator: 'duplicate', stamp, data }]
}
