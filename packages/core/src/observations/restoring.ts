import type { NewId } from '../ids.ts'
import { objectIds } from '../input/object-ids.ts'
import type { ObjectRef } from '../ports/gateway.ts'
import { type ObjectTable, tableOf } from './object-kinds.ts'
import type { Observation } from './observation.ts'
import { findRow, type RowSet, rowsOf } from './row-set.ts'

/** Ids for one observation: the object's earlier one where that is known and free. Folding it makes one row at most. */
export function restoring(newId: NewId, observation: Observation, rows: RowSet): NewId {
  return (prefix) => {
    const id = earlierId(observation, rows)
    const isTaken = findRow<ObjectTable>(rows, tableOf[observation.object], (row) => row.id === id) !== undefined
    return id?.startsWith(`${prefix}_`) && !isTaken ? id : newId(prefix)
  }
}

/** The id that a lost row had: what hangs on it still names it, and what Florin made carries it in its metadata. */
export function earlierId(observation: Observation, rows: RowSet): string | undefined {
  const { object, florinId, gatewayId } = observation
  // A customer's only id is Stripe's.
  if (object === 'customer') return undefined
  const { ours: prefix } = objectIds[object]
  const ids = [...namedBy(object, gatewayId, rows), florinId]
  return ids.find((id) => id?.startsWith(`${prefix}_`) && /^[a-z]+_[0-9a-z]{26}$/.test(id)) ?? undefined
}

function namedBy(object: ObjectRef['object'], gatewayId: string, rows: RowSet): readonly (string | null)[] {
  if (object === 'payment') {
    const ofPayment = [...rowsOf(rows, 'refunds'), ...rowsOf(rows, 'disputes')]
    return ofPayment.filter((row) => row.paymentGatewayId === gatewayId).map((row) => row.paymentId)
  }
  if (object !== 'subscription') return []
  const ofSubscription = rowsOf(rows, 'invoices').filter((row) => row.subscriptionGatewayId === gatewayId)
  return ofSubscription.map((row) => row.subscriptionId)
}
