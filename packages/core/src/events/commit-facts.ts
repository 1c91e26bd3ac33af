import type { Deps } from '../deps.ts'
import { type Change, type Commit, write } from '../ports/storage.ts'
import { type Timestamp, timestampOfSeconds } from '../time.ts'
import type { DomainEventRow, Fact } from './domain-event.ts'

/**
 * Commits changes with the facts that they prove: the outbox has each once, whoever proves it. Metrics hear of them only
 * once all of it is stored.
 *
 * @throws `unavailable` storage_unavailable
 */
export async function commitFacts(
  deps: Pick<Deps, 'storage' | 'newId' | 'observer'>,
  changes: readonly Change[],
  facts: readonly Fact[],
  { now, ...how }: { readonly now: Timestamp } & Pick<Commit, 'settles'>,
): Promise<'committed' | 'conflict'> {
  const all = [...changes, ...outboxChanges(deps, facts, now)]
  const outcome = await deps.storage.commit({ id: deps.newId('commit'), changes: all, ...how })
  if (outcome === 'committed') tell(deps, facts, changes)
  return outcome
}

function outboxChanges(deps: Pick<Deps, 'newId'>, facts: readonly Fact[], now: Timestamp): readonly Change[] {
  const distinct = new Map(facts.map((fact) => [[fact.objectId, fact.type, fact.discriminator].join(' '), fact]))
  return [...distinct.values()].map((fact) => ({
    ...write('outbox', outboxRow(deps, fact, now)),
    ifAbsent: true as const,
  }))
}

function outboxRow({ newId }: Pick<Deps, 'newId'>, fact: Fact, now: Timestamp): DomainEventRow {
  const { type, objectId, discriminator, stamp, data } = fact
  return {
    ...{ id: newId('event'), version: 0, createdAt: now, updatedAt: now },
    ...{ type, objectId, discriminator, occurredAt: timestampOfSeconds(stamp), data },
    ...{ status: 'pending', attempts: 0, dueAt: now },
  }
}

/** Tells metrics the facts, and which rows have a status that this release does not know. */
function tell({ observer }: Pick<Deps, 'observer'>, facts: readonly Fact[], changes: readonly Change[]): void {
  for (const { table, row } of changes) {
    if (!('gatewayStatus' in row) || row.status !== 'unknown') continue
    observer.tell({ what: 'unknown_status', table, id: row.id, status: row.gatewayStatus ?? '' })
  }
  for (const { type, objectId, currency } of facts) {
    observer.tell({ what: 'fact', type, objectId, ...(currency !== undefined && { currency }) })
  }
}
