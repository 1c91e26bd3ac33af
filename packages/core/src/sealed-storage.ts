import type { Cipher } from './ports/cipher.ts'
import {
  type Change,
  type Loaded,
  type Query,
  type Storage,
  type StoredTables,
  sealedByteColumns,
  sealedColumns,
  type TableName,
  type Tables,
} from './ports/storage.ts'

/**
 * Seals private columns on their way into a storage and opens them on their way out, so that no adapter, backup or dump
 * holds them in clear, and no use case can forget to seal one. See `sealedColumns` for which they are.
 */
export function sealedStorage(storage: Storage<StoredTables>, cipher: Cipher): Storage<Tables> {
  return {
    async load(query) {
      const stored = await storage.load(query)
      const opened: Record<string, unknown> = {}
      for (const [name, found] of Object.entries<unknown>(stored)) {
        const table = tableOf(query, name)
        opened[name] = Array.isArray(found)
          ? await Promise.all(found.map((row: Plain) => open(cipher, table, row)))
          : isPlain(found)
            ? await open(cipher, table, found)
            : undefined
      }
      // True by construction: every name of the query was opened by its own table's columns.
      return opened as Loaded<typeof query, Tables>
    },
    async commit({ id, changes }) {
      return storage.commit({ id, changes: await Promise.all(changes.map((change) => seal(cipher, change))) })
    },
  }
}

// Rows are handled by their columns' names here: which columns are sealed is data, so the types cannot follow.
type Plain = Readonly<Record<string, unknown>>

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null

function tableOf(query: Query, name: string): TableName {
  const find = query[name]
  if (!find) throw new TypeError(`the storage answered ${name}, which nobody asked for`)
  return find.table
}

async function seal(cipher: Cipher, change: Change<Tables>): Promise<Change<StoredTables>> {
  const { table, row } = change
  const plain: Plain = { ...row }
  const sealed: Record<string, unknown> = { ...row }
  for (const column of columns(sealedColumns, table)) {
    const value = plain[column]
    if (value !== null) sealed[column] = await cipher.sealText(JSON.stringify(value), `${table}.${column}.${row.id}`)
  }
  for (const column of columns(sealedByteColumns, table)) {
    const value = plain[column]
    if (typeof value === 'string') sealed[column] = await cipher.sealBytes(value, `${table}.${column}.${row.id}`)
  }
  // True by construction: exactly the sealed columns were replaced, which is what StoredTables says of Tables.
  return { ...change, row: sealed } as unknown as Change<StoredTables>
}

async function open(cipher: Cipher, table: TableName, row: Plain): Promise<Plain> {
  const opened: Record<string, unknown> = { ...row }
  const place = (column: string) => `${table}.${column}.${String(row.id)}`
  for (const column of columns(sealedColumns, table)) {
    const value = row[column]
    if (typeof value === 'string') opened[column] = JSON.parse(await cipher.openText(value, place(column)))
  }
  for (const column of columns(sealedByteColumns, table)) {
    const value = row[column]
    if (value instanceof Uint8Array) opened[column] = await cipher.openBytes(value, place(column))
  }
  return opened
}

const columns = (table: Readonly<Record<TableName, readonly string[]>>, name: TableName): readonly string[] =>
  table[name]
