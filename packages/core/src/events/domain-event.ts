import type { Json } from '../json.ts'
import type { Timestamp } from '../time.ts'

/** What the host app is told. One event per fact: see {@link DomainEventRow.discriminator}. */
export const domainEventTypes = [
  'payment.succeeded',
  'payment.failed',
  'payment.requires_action',
  'payment.canceled',
  'payment.duplicate_detected',
  'payment.duplicate_refunded',
  'refund.succeeded',
  'refund.failed',
  'subscription.created',
  'subscription.updated',
  'subscription.trial_will_end',
  'subscription.past_due',
  'subscription.canceled',
  'invoice.paid',
  'invoice.payment_failed',
  'payment_method.attached',
  'payment_method.detached',
  'dispute.opened',
  'dispute.closed',
] as const

export type DomainEventType = (typeof domainEventTypes)[number]

/** A row of `outbox`, written in the commit of the change that it tells. Unique by object, type and discriminator. */
export interface DomainEventRow {
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly type: DomainEventType
  readonly objectId: string
  /** What makes the fact one of its kind: the charge, the refund, the period, the attempt. */
  readonly discriminator: string
  /** When it happened at the gateway. */
  readonly occurredAt: Timestamp
  readonly data: Json
  readonly status: 'pending' | 'delivered' | 'dead'
  readonly attempts: number
  /** When to try to deliver it; null once it is delivered or given up. */
  readonly dueAt: Timestamp | null
}

/** A fact that an observation proved, before it is written. */
export interface Fact {
  readonly type: DomainEventType
  readonly objectId: string
  readonly discriminator: string
  /** Stripe's time in seconds. */
  readonly stamp: number
  readonly data: Json
  /** Of payments, for metrics. */
  readonly currency?: string
}
