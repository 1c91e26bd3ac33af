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
  /** What was done, e.g. `refund.create` or `webhook.charge.refunded`. */
  readonly action: string
  readonly objectId: string | null
  readonly operationId: string | null
  readonly requestId: string | null
  /** `intended`, `succeeded`, `declined`, `refused`, `observed`. */
  readonly outcome: string
  readonly detail: Json
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
