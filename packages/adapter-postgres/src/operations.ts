import { type Columns, identity } from './column.ts'

/** The columns of `operations`. */
export const operationColumns: Columns<'operations'> = {
  ...identity,
  kind: ['kind', 'text'],
  status: ['status', 'text'],
  actor: ['actor', 'jsonb'],
  userId: ['user_id', 'text'],
  objectId: ['object_id', 'text'],
  callerScope: ['caller_scope', 'text'],
  callerKey: ['caller_key', 'text'],
  requestHash: ['request_hash', 'text'],
  requestId: ['request_id', 'text'],
  input: ['input', 'text'],
  steps: ['steps', 'text'],
  answer: ['answer', 'text'],
  leaseId: ['lease_id', 'text'],
  dueAt: ['due_at', 'timestamptz'],
  completedAt: ['completed_at', 'timestamptz'],
}

/** The columns of `leases`. */
export const leaseColumns: Columns<'leases'> = {
  ...identity,
  operationId: ['operation_id', 'text'],
  expiresAt: ['expires_at', 'timestamptz'],
}
