import { DefectError, type StoredTables, type TableName } from '@florin/core'
import { type NamedColumn, tables } from './tables.ts'

type Row = StoredTables[TableName]
type Blank = Readonly<Record<string, null>>

/**
 * What rows are filled into, by table. V8 makes a hash table of an object that gets this many properties one by one, and
 * all that is done with it afterwards takes several times as long; a copy of one that was parsed stays an object.
 */
const blanks = (namesOf: (columns: readonly NamedColumn[]) => readonly string[]) =>
  new Map<string, Blank>(
    Object.entries(tables).map(([table, columns]) => {
      const cells = namesOf(columns).map((name) => `"${name}":null`)
      return [table, JSON.parse(`{${cells.join()}}`)]
    }),
  )

const blankRows = blanks((columns) => columns.map(({ property }) => property))
const blankRecords = blanks((columns) => [
  'commit_id',
  ...columns.filter(({ type }) => type !== 'bytea').map(({ name }) => name),
])

/** A row on its way to Postgres. */
export interface EncodedRow {
  /** Its columns as a JSON object, but for those of bytes. */
  readonly text: string
  /** The columns of bytes, in the order of the table's columns. */
  readonly bytes: readonly (Uint8Array | null)[]
  readonly size: number
}

/**
 * Rows travel as JSON both ways, so that pg and PGlite, whose own parsers differ, give the same values; bytes go beside it
 * as they are. This is the one place that knows how a value looks on its way.
 */
export function encodeRow(table: TableName, row: Row, commitId: string): EncodedRow {
  const cells: Readonly<Record<string, unknown>> = { ...row }
  const encoded: Record<string, unknown> = { ...blankRecords.get(table), commit_id: commitId }
  const bytes: (Uint8Array | null)[] = []
  for (const { property, name, type } of tables[table]) {
    const value = cells[property]
    if (value === undefined) throw new DefectError(`a row of ${table} without ${property}`)
    if (type !== 'bytea') encoded[name] = value
    else bytes.push(value instanceof Uint8Array ? Uint8Array.from(value) : null)
  }
  const text = JSON.stringify(encoded)
  return { text, bytes, size: bytes.reduce((sum, one) => sum + (one?.length ?? 0), text.length) }
}

/** Rows as one JSON list. Where a row has bytes, it says where they lie in all rows' bytes, one after the other. */
export function joinTexts(table: TableName, rows: readonly EncodedRow[]): string {
  const columns = byteColumns(table)
  if (columns.length === 0) return `[${rows.map(({ text }) => text).join(',')}]`
  let at = 1
  const texts = rows.map(({ text, bytes }) => {
    const places = columns.map(({ name }, index) => {
      const length = bytes[index]?.length ?? null
      const place = `"${name}_at":${at},"${name}_length":${length}`
      at += length ?? 0
      return place
    })
    return `${text.slice(0, -1)},${places.join(',')}}`
  })
  return `[${texts.join(',')}]`
}

/** The bytes of rows, one after the other. */
export const joinBytes = (rows: readonly EncodedRow[]): Buffer =>
  Buffer.concat(rows.flatMap(({ bytes }) => bytes.filter((one) => one !== null)))

const byteColumns = (table: TableName): readonly NamedColumn[] => tables[table].filter(({ type }) => type === 'bytea')

/** The row that a JSON list of values, in the order of the table's columns, stands for. */
export function decodeRow<T extends TableName>(table: T, values: readonly unknown[]): StoredTables[T] {
  const row: Record<string, unknown> = { ...blankRows.get(table) }
  let index = 0
  for (const column of tables[table]) {
    row[column.property] = decode(table, column, values[index])
    index += 1
  }
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
      return readTime(String(value))
    case 'bytea':
      return fromHex(String(value))
    default:
      return value
  }
}

/** Postgres writes a time in the session's time zone, which is UTC nearly always, and without trailing zeros. */
const readTime = (text: string): string =>
  inUtc.test(text) ? `${text.slice(0, -6).padEnd(20, '.').padEnd(23, '0')}Z` : new Date(text).toISOString()

const inUtc = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?\+00:00$/

// Copied out of Node's shared pool, so that a row does not keep 8 KB alive, and a plain Uint8Array comes out.
const fromHex = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
