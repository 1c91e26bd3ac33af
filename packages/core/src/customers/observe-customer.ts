import { fold, unobserved } from '../observations/join.ts'
import { lookAgainAt } from '../observations/look-again.ts'
import type { ObjectTable } from '../observations/object-kinds.ts'
import { asSent, type Folded, type Observing } from '../observations/observing.ts'
import { findRow, putRow, type RowSet, rowsOf } from '../observations/row-set.ts'
import { type Find, many, one } from '../ports/storage.ts'
import { isEnded } from '../subscriptions/subscription.ts'
import { type Timestamp, timestampOfSeconds } from '../time.ts'
import { type CustomerObservation, type CustomerRow, customerGroup } from './customer.ts'

/** So many of a kind are linked at once. */
const MOST_LINKED = 100

// All that hangs on a customer, and is its user's.
const owned = ['payment_methods', 'transactions', 'subscriptions', 'invoices'] as const

/**
 * The row of a customer, the user's other customers (only one is primary), what came before it and is nobody's yet, and what
 * goes with it when it is deleted.
 */
export function seekCustomer({ gatewayId, userId, customer }: CustomerObservation): readonly Find[] {
  const ofIt = { customerId: gatewayId }
  return [
    one('customers', { id: gatewayId }),
    ...(userId === null ? [] : [many('customers', { userId }), ...owned.map((table) => nobodys(table, gatewayId))]),
    ...(customer.facts.deleted ? [many('payment_methods', ofIt), many('subscriptions', ofIt)] : []),
  ]
}

const nobodys = (table: (typeof owned)[number], customerId: string): Find => ({
  ...{ find: 'many', table, where: { customerId, userId: null } },
  page: { limit: MOST_LINKED },
})

/** Folds an observation of a customer; one that is deleted at the gateway is primary no more. */
export function foldCustomer(rows: RowSet, observation: CustomerObservation, observing: Observing): Folded {
  const { now } = observing
  const known = findRow(rows, 'customers', ({ id }) => id === observation.gatewayId)
  const base = known ?? adopted(observation)
  const joined = fold(base, customerGroup, observation.customer, asSent(observing, 'customers', observation.gatewayId))
  const userId = joined.userId ?? observation.userId
  const taken = rowsOf(rows, 'customers').some(
    (other) => other.id !== joined.id && other.userId === userId && other.isPrimary,
  )
  const isPrimary = !joined.deleted && userId !== null && !taken && (joined.isPrimary || !known || !known.userId)
  const linked = userId === null ? rows : withUser(rows, joined.id, userId, now)
  // Where there may be more, the customer is read for them.
  const isFull = owned.some((table) => nobodysIn(rows, table, joined.id).length >= MOST_LINKED)
  if (known && joined === known && isPrimary === known.isPrimary && userId === known.userId && !isFull)
    return { rows: linked, facts: [] }
  const dueAt = isFull && userId !== null ? now : lookAgainAt(joined, observing, { open: false })
  const folded = putRow(linked, 'customers', { ...joined, userId, isPrimary, updatedAt: now, dueAt })
  return { rows: joined.deleted && !known?.deleted ? withoutOwner(folded, joined.id, now) : folded, facts: [] }
}

/**
 * What came before its customer was known to be a user's is the user's. Payments are read besides: their refunds, disputes
 * and debts find whose they are when their payment is folded.
 */
function withUser(rows: RowSet, customerId: string, userId: string, now: Timestamp): RowSet {
  return owned.reduce(
    (set, table) =>
      nobodysIn(rows, table, customerId).reduce((put, row) => {
        const dueAt = table === 'transactions' ? now : row.dueAt
        return putRow<ObjectTable>(put, table, { ...row, userId, dueAt, updatedAt: now })
      }, set),
    rows,
  )
}

const nobodysIn = (rows: RowSet, table: (typeof owned)[number], customerId: string) =>
  rowsOf<(typeof owned)[number]>(rows, table).filter((row) => row.customerId === customerId && row.userId === null)

/**
 * The gateway detaches a deleted customer's methods and ends its subscriptions: they are read at once. A subscription that
 * is still being made has nothing to be read.
 */
function withoutOwner(rows: RowSet, customerId: string, now: Timestamp): RowSet {
  const methods = rowsOf(rows, 'payment_methods')
    .filter((method) => method.customerId === customerId && method.status === 'attached')
    .reduce((set, method) => putRow(set, 'payment_methods', { ...method, dueAt: now }), rows)
  return rowsOf(rows, 'subscriptions')
    .filter((row) => row.customerId === customerId && row.gatewayId !== null && !isEnded(row))
    .reduce((set, subscription) => putRow(set, 'subscriptions', { ...subscription, dueAt: now }), methods)
}

/** Whether a gateway customer was deleted, as far as the rows tell. */
export const isOwnerGone = (rows: RowSet, customerId: string | null): boolean =>
  findRow(rows, 'customers', ({ id }) => id === customerId)?.deleted === true

function adopted({ gatewayId, userId, created }: CustomerObservation): CustomerRow {
  const createdAt = timestampOfSeconds(created)
  const identity = { id: gatewayId, version: 0, createdAt, updatedAt: createdAt, userId }
  return { ...identity, ...unobserved, isPrimary: false, deleted: false, defaultMethod: null }
}

/** The user that a gateway customer belongs to, as far as the rows tell. */
export function userOf(rows: RowSet, customerId: string | null): string | null {
  return findRow(rows, 'customers', ({ id }) => id === customerId)?.userId ?? null
}

/** How to find the customer that an object names, so that an adopted row finds its user. */
export const seekOwner = (customerId: string | null): readonly Find[] =>
  customerId === null ? [] : [one('customers', { id: customerId })]
