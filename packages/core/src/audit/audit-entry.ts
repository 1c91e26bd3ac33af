import type { Actor } from '../actor.ts'
import type { NewId } from '../ids.ts'
import type { Json } from '../json.ts'
import { type RowSet, rowsOf } from '../observations/row-set.ts'
import type { OperationRow } from '../operations/operation.ts'
import type { TableName } from '../ports/tables.ts'
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
   * What came of it: `accepted`, `declined` or `rejected` by the gateway; `succeeded` for what Florin does by itself, or
   * `intended` where it only begins; what became of an event that was replayed.
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

/** Shows a row, and hides nothing of it: what is personal must not be written into the log in the first place. */
export function toAuditEntry(row: AuditRow): AuditEntry {
  const { id, createdAt, actorId, actorRoles, action, objectId, operationId, requestId, outcome, detail } = row
  return {
    ...{ id, object: 'audit_entry', createdAt, actorId, actorRoles, action },
    ...{ objectId, operationId, requestId, outcome, detail },
  }
}

interface Audited extends Pick<AuditRow, 'action' | 'objectId' | 'outcome' | 'detail'> {
  readonly actor: Actor
  readonly operationId?: string
  readonly requestId?: string | null | undefined
  readonly now: Timestamp
}

/** A row of the audit log, to be written in the commit of what it tells. */
export function auditRow(
  { newId }: { newId: NewId },
  { actor, operationId, requestId = null, now, action, objectId, outcome, detail }: Audited,
): AuditRow {
  return {
    ...{ id: newId('audit'), version: 0, createdAt: now, updatedAt: now },
    ...{ actorId: actor.id, actorRoles: actor.roles, action, objectId },
    ...{ operationId: operationId ?? null, requestId, outcome, detail },
  }
}

/** A step of an operation, settled. */
interface SettledStep {
  readonly operation: OperationRow
  readonly step: string
  readonly outcome: string
  /** The rows as they were, and as they are stored with the entry. */
  readonly before: RowSet
  readonly after: RowSet
  readonly now: Timestamp
}

/** The entry for one settled step of an operation: it tells the state and the sums of its object before and after. */
export function auditOf(
  deps: { newId: NewId },
  { operation, step, outcome, before, after, now }: SettledStep,
): AuditRow {
  const { id, kind, actor, answer, objectId, requestId } = operation
  const detail = {
    step,
    ...(answer?.outcome === 'refused' && { code: answer.code }),
    ...(objectId !== null && { before: stateIn(before, objectId), after: stateIn(after, objectId) }),
  }
  return auditRow(deps, { actor, operationId: id, requestId, now, action: kind, objectId, outcome, detail })
}

const objectTables = ['transactions', 'refunds', 'subscriptions', 'payment_methods', 'customers'] as const

/** States and sums by name: whatever else a row has may be private, or is found in the row itself. */
const toldColumns = [
  ...['status', 'currency', 'amount', 'amountCapturable', 'amountCaptured', 'amountRefunded'],
  ...['cancelAtPeriodEnd', 'isPrimary', 'defaultMethod', 'deleted'],
]

function stateIn(rows: RowSet, objectId: string): Json {
  const row = objectTables.flatMap((table) => rowsOf<TableName>(rows, table)).find(({ id }) => id === objectId)
  if (!row) return null
  const cells = Object.entries<unknown>({ ...row })
  return Object.fromEntries(cells.flatMap(([name, value]) => (isTold(name, value) ? [[name, value]] : [])))
}

const isTold = (name: string, value: unknown): value is string | number | boolean =>
  toldColumns.includes(name) && ['string', 'number', 'boolean'].includes(typeof value)
