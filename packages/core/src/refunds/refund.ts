import { objectId } from '../input/object-ids.ts'
import { type Group, type Observed, rankBy, type Sighting } from '../observations/join.ts'
import type { Identity } from '../observations/observation.ts'
import type { PaymentRow } from '../payments/payment.ts'
import { DAY_MS, milliseconds, secondsOf, type Timestamp } from '../time.ts'

export const refundStatuses = ['pending', 'requires_action', 'succeeded', 'failed', 'canceled', 'unknown'] as const

/** A refund that succeeded can still fail, up to 30 days later. */
export type RefundStatus = (typeof refundStatuses)[number]

export const refundReasons = ['duplicate', 'fraudulent', 'requested_by_customer'] as const
export type RefundReason = (typeof refundReasons)[number]

/** A row of `refunds`. */
export interface RefundRow extends Observed {
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly userId: string | null
  /** Null until the payment itself is known here. */
  readonly paymentId: string | null
  readonly paymentGatewayId: string | null
  readonly gatewayId: string | null
  readonly amount: number
  readonly currency: string
  readonly status: RefundStatus
  readonly gatewayStatus: string | null
  readonly reason: string | null
  readonly failureReason: string | null
  /** When Stripe made it, in its seconds; null until it told. */
  readonly gatewayCreated: number | null
}

/** pending → succeeded → failed: each may be skipped, none is left for an earlier one. */
export const refundRanks = { succeeded: 1, canceled: 2, failed: 3 } as const

const rank = rankBy<RefundStatus>(refundRanks)

const refundFields = [
  'amount',
  'currency',
  'status',
  'gatewayStatus',
  'reason',
  'failureReason',
  'gatewayCreated',
] as const satisfies readonly (keyof RefundRow)[]

export type RefundFacts = Pick<RefundRow, (typeof refundFields)[number]>

export const refundGroup: Group<RefundRow, (typeof refundFields)[number]> = {
  name: 'refund',
  fields: refundFields,
  rank: ({ status }) => rank(status),
}

export interface RefundObservation extends Identity {
  readonly object: 'refund'
  readonly paymentGatewayId: string | null
  readonly refund: Sighting<RefundFacts>
}

/** A refund as Florin shows it. `amount` counts the currency's smallest unit; one that `succeeded` can still fail. */
export type Refund = {
  readonly id: string
  readonly object: 'refund'
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly transactionId: string | null
  readonly userId: string | null
  readonly amount: number
  readonly currency: string
  readonly status: RefundStatus
  readonly reason: string | null
  readonly failureReason: string | null
  readonly stripeRefundId: string | null
}

/** Shows a row. `stripeRefundId` stays null where Stripe made no refund of it: until it answers, or for good. */
export function toRefund(row: RefundRow): Refund {
  return {
    id: row.id,
    object: 'refund',
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    transactionId: row.paymentId,
    userId: row.userId,
    amount: row.amount,
    currency: row.currency,
    status: row.status,
    reason: row.reason,
    failureReason: row.failureReason,
    stripeRefundId: row.gatewayId,
  }
}

/** Accepts Florin's id or Stripe's. */
export const refundId = objectId('refund')

const isLive = ({ status }: RefundRow) => status !== 'failed' && status !== 'canceled'

const startedAt = (refund: RefundRow) => refund.gatewayCreated ?? secondsOf(refund.createdAt)

const sum = (refunds: readonly RefundRow[]) => refunds.reduce((total, { amount }) => total + amount, 0)

/** The sum of the refunds that are known here and have not failed. */
export const knownRefunds = (refunds: readonly RefundRow[]): number => sum(refunds.filter(isLive))

/** Whether the gateway may still tell something new of a refund: one that succeeded can fail within 30 days. */
export const isOpenRefund = (refund: RefundRow, now: Timestamp): boolean =>
  isLive(refund) && (refund.status !== 'succeeded' || milliseconds(now) - milliseconds(refund.createdAt) < 30 * DAY_MS)

/**
 * What counts as refunded. An open refund counts, so that two at once cannot exceed the payment.
 *
 * The charge's own figure knows refunds made elsewhere; corrected by what our refunds did after it was told (a late
 * failure takes away, a newer refund adds). Where the figure lags within its second, the sum of the known refunds holds.
 */
export function refundedAmount(payment: PaymentRow, refunds: readonly RefundRow[]): number {
  const toldAt = payment.observed.charge?.stamp ?? -1
  const live = refunds.filter(isLive)
  const newer = live.filter((refund) => startedAt(refund) > toldAt)
  const failedSince = refunds.filter(
    (refund) => !isLive(refund) && startedAt(refund) <= toldAt && (refund.observed.refund?.stamp ?? -1) > toldAt,
  )
  const figure = payment.chargeRefunded + sum(newer) - sum(failedSince)
  // Only its charge may have been told yet, which says what it was of and not what was captured.
  const most = payment.observed.intent ? payment.amountCaptured : payment.amount
  return Math.min(Math.max(figure, sum(live)), most)
}
