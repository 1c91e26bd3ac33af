import type { Deps } from '../deps.ts'
import type { Fact } from '../events/domain-event.ts'
import { gatewayIdOf, type ObjectTable, tableOf } from '../observations/object-kinds.ts'
import type { Observation } from '../observations/observation.ts'
import { findRow, type RowSet } from '../observations/row-set.ts'
import type { ObjectRef } from '../ports/gateway.ts'
import { sealedColumns } from '../ports/tables.ts'
import { compare, type Difference } from './drift.ts'
import { rowsAround, truthOf } from './truth.ts'

/** An object held against its row. */
export interface Examined {
  readonly difference: Difference | undefined
  /** What the gateway told of it. */
  readonly told: Observation | undefined
  /** What is stored of the object and around it, and what should be. */
  readonly rows: RowSet
  readonly truth: RowSet
  /** What the truth proves that the stored rows did not. */
  readonly facts: readonly Fact[]
}

const nobody: ReadonlySet<string> = new Set()

/**
 * Reads an object at the gateway and holds its row against it.
 *
 * @throws `unavailable` storage_unavailable, gateway_unavailable
 */
export async function examine(
  deps: Deps,
  ref: ObjectRef,
  { ownersInDoubt = nobody }: { ownersInDoubt?: ReadonlySet<string> } = {},
): Promise<Examined> {
  const sent = await rowsAround(deps, ref, [])
  const answer = await deps.gateway.read(ref)
  const observations = answer?.observations ?? []
  const rows = await rowsAround(deps, ref, observations)
  if (!answer) return { difference: unknownAtGateway(ref, rows), told: undefined, rows, truth: rows, facts: [] }
  const told = observations.find((one) => one.object === ref.object && one.gatewayId === ref.gatewayId)
  const { rows: truth, facts } = truthOf(deps, observations, rows, sent)
  const isOwnerInDoubt = ownersInDoubt.has(told?.customerId ?? '')
  const difference = await withoutErased(deps, compare(ref, { rows, truth, isOwnerInDoubt }), rows)
  return { difference, told, rows, truth, facts }
}

/** Nothing personal of an erased user is kept, so nothing of it is missed. */
async function withoutErased(
  { isErased }: Pick<Deps, 'isErased'>,
  difference: Difference | undefined,
  rows: RowSet,
): Promise<Difference | undefined> {
  if (difference?.what !== 'different') return difference
  const { table, id } = difference
  const userId = findRow<ObjectTable>(rows, table, (row) => row.id === id)?.userId
  if (!userId || !(await isErased(userId))) return difference
  const fields = difference.fields.filter(({ field }) => !(field in sealedColumns[table]))
  return fields.length === 0 ? undefined : { ...difference, fields }
}

/**
 * Holds an object's row against what a list told. A difference may only mean that the row is newer than the list, so it
 * is looked at again.
 */
export async function examineListed(
  deps: Deps,
  ref: ObjectRef,
  observations: readonly Observation[],
  ownersInDoubt: ReadonlySet<string>,
): Promise<Difference | undefined> {
  const rows = await rowsAround(deps, ref, observations)
  const { rows: truth } = truthOf(deps, observations, rows, rows)
  const told = observations.find((one) => one.object === ref.object && one.gatewayId === ref.gatewayId)
  const isOwnerInDoubt = ownersInDoubt.has(told?.customerId ?? '')
  const difference = compare(ref, { rows, truth, isOwnerInDoubt })
  return difference?.what === 'different' ? (await examine(deps, ref, { ownersInDoubt })).difference : difference
}

function unknownAtGateway({ object, gatewayId }: ObjectRef, rows: RowSet): Difference | undefined {
  const table = tableOf[object]
  const stored = findRow<ObjectTable>(rows, table, (row) => gatewayIdOf(row) === gatewayId)
  // A draft invoice that was deleted is rightly not known there any more.
  if (stored && 'gatewayStatus' in stored && stored.gatewayStatus === 'deleted') return undefined
  return stored && { object, table, id: stored.id, gatewayId, what: 'unknown_at_gateway' }
}
