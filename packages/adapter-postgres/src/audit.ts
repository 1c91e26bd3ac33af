import { type Columns, identity } from './column.ts'

/** The columns of `audit_log`. */
export const auditColumns: Columns<'audit_log'> = {
  ...identity,
  actorId: ['actor_id', 'text'],
  actorRoles: ['actor_roles', 'jsonb'],
  action: ['action', 'text'],
  objectId: ['object_id', 'text'],
  operationId: ['operation_id', 'text'],
  requestId: ['request_id', 'text'],
  outcome: ['outcome', 'text'],
  detail: ['detail', 'jsonb'],
}
