import type { Deps } from '../deps.ts'
import type { Fact } from '../events/domain-event.ts'
import type { NewId } from '../ids.ts'
import type { Tables } from '../ports/tables.ts'
import type { Timestamp } from '../time.ts'
import { gatewayIdOf, type ObjectTable } from './object-kinds.ts'
import { findRow, type RowSet } from './row-set.ts'

/** What folding needs besides rows: the local time for `updated_at`, ids for adopted rows, and who we are. */
export interface Observing {
  readonly now: Timestamp
  readonly newId: NewId
  readonly installation: string
  readonly sweepAfterMs: number
  /**
   * When the installation began, in the gateway's seconds. What happened before is not told, and what is older and first
   * seen now tells nothing either: nobody ships an old order again. Absent where all is new, or is told anyway.
   */
  readonly installedAt?: number | undefined
  /** For the answer to a request: the rows as they were known when it was sent. */
  readonly sent?: RowSet
}

/** What folding goes by at a time, under a deployment's settings. */
export const observingOf = (
  { newId, settings: { installation, sweepAfterMs } }: Pick<Deps, 'newId' | 'settings'>,
  now: Timestamp,
  more: Partial<Pick<Observing, 'newId' | 'installedAt' | 'sent'>> = {},
): Observing => ({ now, newId, installation, sweepAfterMs, ...more })

/** The rows after an observation, and the facts that it proved. */
export interface Folded {
  readonly rows: RowSet
  readonly facts: readonly Fact[]
}

/** A row as it was known when the request was sent that is being answered. */
export function asSent<T extends ObjectTable>({ sent }: Observing, table: T, gatewayId: string): Tables[T] | undefined {
  return sent && findRow(sent, table, (row) => gatewayIdOf(row) === gatewayId)
}
