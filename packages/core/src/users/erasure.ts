import { type AuditRow, auditRow } from '../audit/audit-entry.ts'
import type { DataKeyRow } from '../data-keys/data-key.ts'
import type { Deps } from '../deps.ts'
import type { Caller } from '../operations/use-case.ts'
import { type Timestamp, timestamp } from '../time.ts'

/** How far the erasure of a user has come. */
export type Erasure = {
  readonly object: 'erasure'
  readonly userId: string
  /**
   * `erasing`: nothing personal is shown or stored any more, and the rest follows. `erased`: the key is gone, and nothing
   * opens what was stored.
   */
  readonly status: 'erasing' | 'erased'
  readonly startedAt: Timestamp
  readonly erasedAt: Timestamp | null
  /** When `maintenance.erase` goes on with it; past where nobody runs that. */
  readonly nextAttemptAt: Timestamp | null
  /**
   * What it waits for before the key is destroyed. `other_processes`: the time in which some may not know of it yet.
   * `open_operations`: calls of the user's at the gateway whose outcome is not known.
   */
  readonly waitsFor: 'other_processes' | 'open_operations' | null
}

/** A data key of a user that is being erased. */
export type ClosedKey = DataKeyRow & { readonly closedAt: Timestamp }

/** Whether a user's current data key is closed: it is from the moment that an erasure begins, and stays so. */
export const isClosedRow = (row: DataKeyRow | undefined): row is ClosedKey => row !== undefined && row.closedAt !== null

/** Shows how far an erasure is, by the user's current key. No row says what it waits for: only who goes on with it. */
export function toErasure(
  userId: string,
  { closedAt, destroyedAt, dueAt }: ClosedKey,
  waitsFor: Erasure['waitsFor'] = null,
): Erasure {
  const status = destroyedAt === null ? 'erasing' : 'erased'
  const times = { startedAt: closedAt, erasedAt: destroyedAt, nextAttemptAt: dueAt }
  return { object: 'erasure', userId, status, ...times, waitsFor }
}

/** A line of the audit log on an erasure. */
export function eraseEntry(
  deps: Pick<Deps, 'newId' | 'runtime'>,
  userId: string,
  { actor, requestId }: Pick<Caller, 'actor' | 'requestId'>,
  outcome: string,
  detail: AuditRow['detail'],
): AuditRow {
  const now = timestamp(deps.runtime.now())
  return auditRow(deps, { actor, requestId, now, action: 'user.erase', objectId: userId, outcome, detail })
}
