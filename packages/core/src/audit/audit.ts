import type { NewId } from '../ids.ts'
import type { Json } from '../json.ts'
import type { OperationRow } from '../operations/operation.ts'
import type { Timestamp } from '../time.ts'

/** A row of `audit_log`: append-only. Ids, states and sums; never personal data. */
export interface AuditRow {
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly actorId: string
  readonly actorRoles: readonly string[]
  /** What was done, e.g. `refund.create`, `webhook.replay` or `drift.repair`. */
  readonly action: string
  readonly objectId: string | null
  readonly operationId: string | null
  readonly requestId: string | null
  /**
   * What came of it: `accepted`, `declined` or `rejected` by the gateway; `succeeded` for what Florin does by itself; what
   * became of an event that was replayed.
   */
  readonly outcome: string
  readonly detail: Json
}

/** An entry of the audit log as Florin shows it. */
export type AuditEntry = {
  readonly id: string
  readonly object: 'audit_entry'
  readonly createdAt: Timestamp
  /** Who did it, with the roles that it had then. */
  readonly actorId: string
  readonly actorRoles: readonly string[]
  readonly action: string
  readonly objectId: string | null
  readonly operationId: string | null
  readonly requestId: string | null
  readonly outcome: string
  readonly detail: Json
}

export function toAuditEntry(row: AuditRow): AuditEntry {
  const { id, createdAt, actorId, actorRoles, action, objectId, operationId, requestId, outcome, detail } = row
  return {
    ...{ id, object: 'audit_entry', createdAt, actorId, actorRoles, action },
    ...{ objectId, operationId, requestId, outcome, detail },
  }
}

/** The entry for one settled step of an operation. */
export function auditOf(
  { newId }: { newId: NewId },
  operation: OperationRow,
  step: string,
  outcome: string,
  now: Timestamp,
): AuditRow {
  const answer = operation.answer
  return {
    id: newId('audit'),
    version: 0,
    createdAt: now,
    updatedAt: now,
    actorId: operation.actor.id,
    actorRoles: operation.actor.roles,
    action: operation.kind,
    objectId: operation.objectId,
    operationId: operation.id,
    requestId: operation.requestId,
    outcome,
    detail: { step, ...(answer?.outcome === 'refused' && { code: answer.code }) },
  }
}
