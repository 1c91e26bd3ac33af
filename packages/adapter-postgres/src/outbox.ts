import { type Columns, identity } from './column.ts'

/** The columns of `outbox`. */
export const domainEventColumns: Columns<'outbox'> = {
  ...identity,
  type: ['type', 'text'],
  objectId: ['object_id', 'text'],
  discriminator: ['discriminator', 'text'],
  occurredAt: ['occurred_at', 'timestamptz'],
  data: ['data', 'text'],
  status: ['status', 'text'],
  attempts: ['attempts', 'bigint'],
  dueAt: ['due_at', 'timestamptz'],
}
