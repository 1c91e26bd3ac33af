import { DISORDER_SECONDS, readInstallationTime } from '../bookmarks/installation-time.ts'
import type { Deps } from '../deps.ts'
import type { Fact } from '../events/domain-event.ts'
import { type ObjectTable, tableOf } from '../observations/object-kinds.ts'
import { findRow, type RowSet } from '../observations/row-set.ts'
import { HOUR_MS, milliseconds } from '../time.ts'

const FRESH_MS = HOUR_MS

/**
 * The facts that are told without being asked for: of objects that were made in the last hour, and certainly since the
 * installation began. Their webhooks may be on their way, and would find it all known. Facts of older ones were told before,
 * or are history.
 *
 * @throws `unavailable` storage_unavailable
 */
export async function freshFacts(deps: Deps, rows: RowSet, facts: readonly Fact[]): Promise<readonly Fact[]> {
  const begunAt = facts.length === 0 ? undefined : await readInstallationTime(deps)
  if (begunAt === undefined) return []
  const since = Math.max((begunAt + DISORDER_SECONDS) * 1000, deps.runtime.now() - FRESH_MS)
  return facts.filter(({ objectId }) => {
    const isIt = ({ id }: { readonly id: string }) => id === objectId
    return Object.values(tableOf).some((table) => {
      const row = findRow<ObjectTable>(rows, table, isIt)
      return row !== undefined && milliseconds(row.createdAt) >= since
    })
  })
}
