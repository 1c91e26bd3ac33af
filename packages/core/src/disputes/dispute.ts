import { objectId } from '../input/object-ids.ts'
import type { Group, Observed, Sighting } from '../observations/join.ts'
import type { Identity } from '../observations/observation.ts'
import type { Timestamp } from '../time.ts'

/** A row of `disputes`. Statuses are Stripe's own words; won and lost can still change. */
export interface DisputeRow extends Observed {
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly userId: string | null
  readonly paymentId: string | null
  readonly paymentGatewayId: string | null
  readonly gatewayId: string
  readonly amount: number
  readonly currency: string
  readonly status: string
  readonly reason: string
  readonly evidenceDueBy: Timestamp | null
}

const disputeFields = [
  'amount',
  'currency',
  'status',
  'reason',
  'evidenceDueBy',
] as const satisfies readonly (keyof DisputeRow)[]

export type DisputeFacts = Pick<DisputeRow, (typeof disputeFields)[number]>

export const disputeGroup: Group<DisputeRow, (typeof disputeFields)[number]> = {
  name: 'dispute',
  fields: disputeFields,
  rank: () => 0,
}

export interface DisputeObservation extends Identity {
  readonly object: 'dispute'
  readonly paymentGatewayId: string | null
  readonly dispute: Sighting<DisputeFacts>
}

/** A dispute as Florin shows it. `amount` counts the currency's smallest unit; `status` and `reason` are Stripe's own words. */
export type Dispute = {
  readonly id: string
  readonly object: 'dispute'
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly transactionId: string | null
  readonly userId: string | null
  readonly amount: number
  readonly currency: string
  readonly status: string
  readonly reason: string
  readonly evidenceDueBy: Timestamp | null
  readonly stripeDisputeId: string
}

/** Whether a dispute was decided; a decision can still be changed, and is then told by an event. */
export const isClosed = (status: string): boolean => ['won', 'lost', 'warning_closed', 'prevented'].includes(status)

/** Whether a dispute has taken the money away, or may still do so. */
export const isAtStake = (status: string): boolean => !['won', 'warning_closed', 'prevented'].includes(status)

/** Shows a row, whose status is passed on as it was told. */
export function toDispute(row: DisputeRow): Dispute {
  return {
    id: row.id,
    object: 'dispute',
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    transactionId: row.paymentId,
    userId: row.userId,
    amount: row.amount,
    currency: row.currency,
    status: row.status,
    reason: row.reason,
    evidenceDueBy: row.evidenceDueBy,
    stripeDisputeId: row.gatewayId,
  }
}

/** Accepts Florin's id or Stripe's. */
export const disputeId = objectId('dispute')
