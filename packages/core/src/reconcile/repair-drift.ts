import { system } from '../actor.ts'
import { type AuditRow, auditRow } from '../audit/audit-entry.ts'
import type { Deps } from '../deps.ts'
import { UnavailableError } from '../errors.ts'
import { commitFacts } from '../events/commit-facts.ts'
import type { Json } from '../json.ts'
import { gatewayIdOf, kinds, type ObjectRow, type ObjectTable, tableOf } from '../observations/object-kinds.ts'
import { changesBetween, findRow, putRow, rowsOf } from '../observations/row-set.ts'
import type { ObjectRef } from '../ports/gateway.ts'
import { type Change, write } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import { type Difference, differentFields } from './drift.ts'
import { type Examined, examine } from './examine.ts'
import { freshFacts } from './fresh-facts.ts'
import { paced } from './paced.ts'
import { turns } from './turns.ts'

const MOST_TRIES = 10

export interface RepairDrift {
  /** What `findDrift` found. */
  readonly differences: readonly Difference[]
  /** Tells the host app all that the repair proves. Off: of what is older than an hour nothing; nobody ships an old order again. */
  readonly emit?: boolean | undefined
}

/** What repairing came to. */
export interface Repaired {
  readonly repaired: number
  /** Differences that were gone when they were looked at again. */
  readonly alreadyRight: number
  /** What the gateway does not know, so that there is nothing to replace it by. A person has to look at these. */
  readonly left: readonly Difference[]
}

/** Replaces rows by what the gateway tells now; `Maintenance.repairDrift` says what is promised. */
export async function repairDrift(given: Deps, { differences, emit = false }: RepairDrift): Promise<Repaired> {
  const deps = paced(given)
  const left: Difference[] = []
  // Repairing an object repairs what hangs on it too.
  const mended = new Set<string>()
  let repaired = 0
  const all = turns()
  for (const difference of differences) {
    await all.take(async () => {
      const outcome = await repairOne(deps, difference, emit)
      if (outcome === 'left') left.push(difference)
      else for (const gatewayId of outcome) mended.add(gatewayId)
      if (mended.has(difference.gatewayId)) repaired += 1
    })
  }
  all.end()
  return { repaired, alreadyRight: differences.length - repaired - left.length, left }
}

/** Answers the gateway's ids of what was repaired: none where all was right. */
async function repairOne(deps: Deps, ref: ObjectRef, emit: boolean): Promise<'left' | readonly string[]> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const examined = await examine(deps, ref)
    if (!examined.difference) return []
    if (examined.difference.what === 'unknown_at_gateway') return 'left'
    const facts = emit ? examined.facts : await freshFacts(deps, examined.truth, examined.facts)
    const now = timestamp(deps.runtime.now())
    const { repairs, gatewayIds } = repairsOf(deps, ref, examined, now)
    if ((await commitFacts(deps, repairs, facts, { now })) === 'committed') return gatewayIds
  }
  throw new UnavailableError('overloaded', `${ref.gatewayId} meets too many changes of it`, 'not_applied')
}

/** The rows that change, each with its audit entry. What hangs on the object and is right already stays as it is. */
function repairsOf(
  deps: Deps,
  ref: ObjectRef,
  { rows, truth }: Examined,
  now: string,
): { readonly repairs: readonly Change[]; readonly gatewayIds: readonly string[] } {
  let changed = truth
  const audits: AuditRow[] = []
  const gatewayIds: string[] = []
  for (const table of kinds.map((kind) => tableOf[kind])) {
    for (const actual of rowsOf<ObjectTable>(truth, table)) {
      const stored = findRow<ObjectTable>(rows, table, ({ id }) => id === actual.id)
      if (stored === actual) continue
      const fields = differentFields(stored, actual)
      const isIt = table === tableOf[ref.object] && gatewayIdOf(actual) === ref.gatewayId
      if (stored && fields.length === 0 && !isIt) {
        changed = putRow<ObjectTable>(changed, table, stored)
        continue
      }
      audits.push(repaired(deps, { table, stored, actual, now }))
      gatewayIds.push(gatewayIdOf(actual) ?? '')
    }
  }
  const repairs = [...changesBetween(rows, changed), ...audits.map((row) => write('audit_log', row))]
  return { repairs, gatewayIds }
}

interface Repair {
  readonly table: ObjectTable
  readonly stored: ObjectRow | undefined
  readonly actual: ObjectRow
  readonly now: string
}

function repaired(deps: Deps, { table, stored, actual, now }: Repair): AuditRow {
  const fields = differentFields(stored, actual)
  const side = (which: 'stored' | 'actual'): Json => Object.fromEntries(fields.map((one) => [one.field, one[which]]))
  const [before, after] = [stored ? side('stored') : null, side('actual')]
  const detail = { table, gatewayId: gatewayIdOf(actual), before, after }
  const told = { action: 'drift.repair', objectId: actual.id, outcome: 'succeeded', detail }
  return auditRow(deps, { actor: system, now, ...told })
}
