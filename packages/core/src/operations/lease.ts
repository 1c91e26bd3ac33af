import { type Timestamp, timestamp } from '../time.ts'

/**
 * A row of `leases`: who is calling the gateway for one customer, subscription or payment right now. Stripe locks these
 * objects, so Florin sends one call at a time. Taken in the commit before the call, released in the one after it, and
 * free again by itself once it has expired.
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

// Longer than a call with its retries takes; a process that died holds its object for no longer than this.
const LEASE_MS = 30_000

/** Whether somebody else is calling for the object. */
export function isHeld(lease: LeaseRow | undefined, now: Timestamp): boolean {
  return lease !== undefined && lease.operationId !== null && lease.expiresAt > now
}

/** The lease as an operation takes it. */
export function taken(lease: LeaseRow | undefined, id: string, operationId: string, now: Timestamp): LeaseRow {
  const fresh = { id, version: 0, createdAt: now }
  return { ...(lease ?? fresh), operationId, updatedAt: now, expiresAt: timestamp(Date.parse(now) + LEASE_MS) }
}

/** The lease as its holder gives it back. */
export function released(lease: LeaseRow, now: Timestamp): LeaseRow {
  return { ...lease, operationId: null, updatedAt: now, expiresAt: now }
}
