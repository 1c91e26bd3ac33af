import { type Columns, identity, observations } from './column.ts'

/** The columns of `customers`. */
export const customerColumns: Columns<'customers'> = {
  ...identity,
  ...observations,
  userId: ['user_id', 'text'],
  isPrimary: ['is_primary', 'boolean'],
  deleted: ['deleted', 'boolean'],
  defaultMethod: ['default_method', 'text'],
}
