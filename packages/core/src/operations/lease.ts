import type { Settings } from '../deps.ts'
import type { Timestamp } from '../time.ts'
import { landsBy } from './deadlines.ts'
import type { OperationRow } from './operation.ts'

/**
 * A row of `leases`: which operation changes one customer, subscription or payment right now. Stripe locks these objects,
 * so Florin sends one call at a time, and changes go in the order in which they were asked for: what a process left open
 * when it died is settled before anything newer is sent, or recovery would undo the newer. Taken in the commit before the
 * call and released in the one that ends the operation; free by itself only when no call of it can take effect any more.
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

/** The lease as an operation takes it. */
export function taken(
  lease: LeaseRow | undefined,
  id: string,
  operation: OperationRow,
  { now, settings }: { readonly now: Timestamp; readonly settings: Settings },
): LeaseRow {
  const fresh = { id, version: 0, createdAt: now }
  const expiresAt = landsBy(operation, now, settings)
  return { ...(lease ?? fresh), operationId: operation.id, updatedAt: now, expiresAt }
}

/** The lease as its holder gives it back. */
export function released(lease: LeaseRow, now: Timestamp): LeaseRow {
  return { ...lease, operationId: null, updatedAt: now, expiresAt: now }
}
