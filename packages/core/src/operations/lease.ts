import type { Settings } from '../deps.ts'
import { findRow, putRow, type RowSet } from '../observations/row-set.ts'
import { milliseconds, type Timestamp, timestamp } from '../time.ts'
import { landsBy } from './deadlines.ts'
import type { OperationRow } from './operation.ts'

/**
 * A row of `leases`: which operation changes one customer, subscription or payment right now. Stripe locks these objects,
 * so Florin sends one call at a time, and changes go in the order in which they were asked for: what a process left open
 * when it died is settled before anything newer is sent, or recovery would undo the newer. Taken in the commit before the
 * call and released in the one that ends the operation; free by itself only when it can change nothing any more.
 */
export interface LeaseRow {
  /** What is leased, e.g. `payment:tx_…`. */
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly operationId: string | null
  readonly expiresAt: Timestamp
}

/** The lease of one object. */
export const leaseOn = (noun: 'payment' | 'customer' | 'subscription', id: string): string => `${noun}:${id}`

/** The id of the object that a lease is on. */
export const leasedId = (lease: string): string => lease.slice(lease.indexOf(':') + 1)

/** Whether an operation on the object is under way, or was left open. */
export function isHeld(lease: LeaseRow | undefined, now: Timestamp): boolean {
  return lease !== undefined && lease.operationId !== null && lease.expiresAt > now
}

// What makes something adds up with whatever else is made, so recovery undoes nothing by sending it late: as long as a call
// with its repeats takes.
const MAKING_MS = 30_000

/** The lease as an operation takes it for its newest step. */
export function taken(
  lease: LeaseRow | undefined,
  id: string,
  operation: OperationRow,
  { now, settings }: { readonly now: Timestamp; readonly settings: Settings },
): LeaseRow {
  const fresh = { id, version: 0, createdAt: now }
  const expiresAt = isMaking(operation) ? timestamp(milliseconds(now) + MAKING_MS) : landsBy(operation, now, settings)
  return { ...(lease ?? fresh), operationId: operation.id, updatedAt: now, expiresAt }
}

/** The rows once an operation is left open that makes something: nobody has to wait for it. A change keeps its place. */
export function withLeaseLetGo(rows: RowSet, operation: OperationRow, now: Timestamp): RowSet {
  const lease = leaseOf(rows, operation)
  return lease && isMaking(operation) ? putRow(rows, 'leases', released(lease, now)) : rows
}

/** The rows once a step of an operation is settled: it goes on with its lease, or gives it back. */
export function withLease(
  rows: RowSet,
  operation: OperationRow,
  at: { readonly now: Timestamp; readonly settings: Settings },
): RowSet {
  const lease = leaseOf(rows, operation)
  if (!lease) return rows
  const kept = operation.status === 'done' ? released(lease, at.now) : taken(lease, lease.id, operation, at)
  return putRow(rows, 'leases', kept)
}

const leaseOf = (rows: RowSet, { id, leaseId }: OperationRow): LeaseRow | undefined =>
  findRow(rows, 'leases', (row) => row.id === leaseId && row.operationId === id)

const isMaking = ({ steps }: OperationRow): boolean => steps.at(-1)?.call.subject === null

/** The lease as its holder gives it back. */
function released(lease: LeaseRow, now: Timestamp): LeaseRow {
  return { ...lease, operationId: null, updatedAt: now, expiresAt: now }
}
