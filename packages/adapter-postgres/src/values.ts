import { DefectError, type StoredTables, type TableName } from '@florin/core'
import { type NamedColumn, tables } from './tables.ts'

type Row = StoredTables[TableName]

/**
 * Rows travel as JSON both ways, so that pg and PGlite, whose own parsers differ, give the same values. This is the one
 * place that knows how a value looks in that JSON.
 */
export function encodeRow(table: TableName, row: Row, commitId: string): object {
  const cells: Readonly<Record<string, unknown>> = { ...row }
  const encoded: Record<string, unknown> = { commit_id: commitId }
  for (const { property, name, type } of tables[table]) {
    const value = cells[property]
    if (value === undefined) throw new DefectError(`a row of ${table} without ${property}`)
    encoded[name] = type === 'bytea' && value instanceof Uint8Array ? `\\x${toHex(value)}` : value
  }
  return encoded
}

/** The row that a JSON list of values, in the order of the table's columns, stands for. */
export function decodeRow<T extends TableName>(table: T, values: readonly unknown[]): StoredTables[T] {
  const row: Record<string, unknown> = {}
  for (const [index, column] of tables[table].entries()) row[column.property] = decode(table, column, values[index])
  // True by construction: the columns are declared with the types of the row's properties.
  return row as unknown as StoredTables[T]
}

function decode(table: TableName, { property, type }: NamedColumn, value: unknown): unknown {
  if (value === null) return null
  switch (type) {
    case 'bigint':
      if (Number.isSafeInteger(value)) return value
      throw new DefectError(`${table}.${property} holds a number that is not exact in JavaScript`)
    case 'timestamptz':
      // Postgres writes it in the session's time zone and without trailing zeros.
      return new Date(String(value)).toISOString()
    case 'bytea':
      return fromHex(String(value))
    default:
      return value
  }
}

const toHex = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')

// Copied out of Node's shared pool, so that a row does not keep 8 KB alive, and a plain Uint8Array comes out.
const fromHex = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
