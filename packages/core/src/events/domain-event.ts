import type { NewId } from '../ids.ts'
import type { Json } from '../json.ts'
import type { Observer } from '../ports/runtime.ts'
import { type Change, write } from '../ports/storage.ts'
import { type Timestamp, timestampOfSeconds } from '../time.ts'

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

/** The changes that tell facts: each once, whoever proves it. */
export function factChanges(deps: { newId: NewId }, facts: readonly Fact[], now: Timestamp): readonly Change[] {
  const rows = new Map(facts.map((fact) => [[fact.objectId, fact.type, fact.discriminator].join(' '), fact]))
  return [...rows.values()].map((fact) => ({
    ...write('outbox', outboxRow(deps, fact, now)),
    ifAbsent: true as const,
  }))
}

/** Tells metrics what facts were committed, and which rows have a status that this release does not know. */
export function tellFacts(
  { observer }: { observer: Observer },
  facts: readonly Fact[],
  changes: readonly Change[],
): void {
  for (const { table, row } of changes) {
    if (!('gatewayStatus' in row) || row.status !== 'unknown') continue
    observer.tell({ what: 'unknown_status', table, id: row.id, status: row.gatewayStatus ?? '' })
  }
  for (const { type, objectId, currency } of facts) {
    observer.tell({ what: 'fact', type, objectId, ...(currency !== undefined && { currency }) })
  }
}

/** The outbox row of a fact. */
function outboxRow({ newId }: { newId: NewId }, fact: Fact, now: Timestamp): DomainEventRow {
  return {
    id: newId('event'),
    version: 0,
    createdAt: now,
    updatedAt: now,
    type: fact.type,
    objectId: fact.objectId,
    discriminator: fact.discriminator,
    occurredAt: timestampOfSeconds(fact.stamp),
    data: fact.data,
    status: 'pending',
    attempts: 0,
    dueAt: now,
  }
}
