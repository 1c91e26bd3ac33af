import { type Columns, identity } from './column.ts'

/** The columns of `webhook_events`. */
export const webhookEventColumns: Columns<'webhook_events'> = {
  ...identity,
  type: ['type', 'text'],
  apiVersion: ['api_version', 'text'],
  livemode: ['livemode', 'boolean'],
  occurredAt: ['occurred_at', 'timestamptz'],
  objectId: ['object_id', 'text'],
  ownerId: ['owner_id', 'text'],
  userId: ['user_id', 'text'],
  status: ['status', 'text'],
  reason: ['reason', 'text'],
  attempts: ['attempts', 'bigint'],
  dueAt: ['due_at', 'timestamptz'],
  payload: ['payload', 'bytea'],
}
