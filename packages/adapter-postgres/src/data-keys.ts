import { type Columns, identity } from './column.ts'

/** The columns of `data_keys`. */
export const dataKeyColumns: Columns<'data_keys'> = {
  ...identity,
  subject: ['subject', 'text'],
  isCurrent: ['is_current', 'boolean'],
  wrapped: ['wrapped', 'text'],
  wrappedBy: ['wrapped_by', 'text'],
  closedAt: ['closed_at', 'timestamptz'],
  destroyedAt: ['destroyed_at', 'timestamptz'],
  dueAt: ['due_at', 'timestamptz'],
}
