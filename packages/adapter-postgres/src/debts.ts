import { type Columns, identity } from './column.ts'

/** The columns of `debts`. */
export const debtColumns: Columns<'debts'> = {
  ...identity,
  userId: ['user_id', 'text'],
  reference: ['reference', 'text'],
  amountDue: ['amount_due', 'bigint'],
  currency: ['currency', 'text'],
  holder: ['holder', 'text'],
  duplicates: ['duplicates', 'jsonb'],
  dueAt: ['due_at', 'timestamptz'],
}
