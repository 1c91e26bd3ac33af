import type { StoredTables, TableName } from '@florin/core'

/** The SQL types that columns have. Amounts are `bigint`, since the largest safe integers do not fit less. */
type ColumnType = 'text' | 'bigint' | 'boolean' | 'timestamptz' | 'jsonb' | 'bytea'

/** A column's name in Postgres and its type there. */
export type Column = readonly [name: string, type: ColumnType]

type TypeOf<Value> = [Value] extends [string]
  ? 'text' | 'timestamptz'
  : [Value] extends [number]
    ? 'bigint'
    : [Value] extends [boolean]
      ? 'boolean'
      : [Value] extends [Uint8Array]
        ? 'bytea'
        : 'jsonb'

/** Every column of a table, by the name it has in TypeScript. One that is missing or of the wrong kind does not compile. */
export type Columns<T extends TableName> = {
  readonly [C in keyof StoredTables[T]]-?: readonly [name: string, type: TypeOf<NonNullable<StoredTables[T][C]>>]
}

/** The columns that every table has. */
export const identity = {
  id: ['id', 'text'],
  version: ['version', 'bigint'],
  createdAt: ['created_at', 'timestamptz'],
  updatedAt: ['updated_at', 'timestamptz'],
} as const

/** The columns that the join keeps. */
export const observations = {
  observed: ['observed', 'jsonb'],
  ties: ['ties', 'text'],
  inDoubt: ['in_doubt', 'boolean'],
  dueAt: ['due_at', 'timestamptz'],
} as const
