import type { Change, FindMany, PageQuery, Storage } from '../ports/storage.ts'
import { type StoredTables, sealedIn, type TableName, type Tables, uniqueKeys } from '../ports/tables.ts'
import { newId, rowBuilders } from './rows.ts'

/** The names of all tables. */
export const tableNames = Object.keys(uniqueKeys) as readonly TableName[] // its type says that it names every table once

/** A row as a storage gets it: sealed columns are text or bytes. Here they are encoded only, so that tests can read them. */
export function asStored<T extends TableName>(table: T, row: Tables[T]): StoredTables[T] {
  const stored: Record<string, unknown> = { ...row }
  for (const { column, asBytes } of sealedIn(table)) {
    const value = stored[column]
    if (value !== null) stored[column] = asBytes ? new TextEncoder().encode(String(value)) : JSON.stringify(value)
  }
  // True by construction: exactly the sealed columns were replaced, which is what StoredTables says of Tables.
  return stored as unknown as StoredTables[T]
}

/** A new row of any table as a storage gets it. */
export const aStoredRow = <T extends TableName>(table: T, row: Partial<Tables[T]> = {}): StoredTables[T] =>
  asStored(table, rowBuilders[table](row))

/** The change that writes a stored row. */
export const put = <T extends TableName>(
  table: T,
  row: StoredTables[T],
  options: { readonly ifAbsent?: true } = {},
  // True by construction: the row is of the table that is named beside it.
): Change<StoredTables> => ({ table, row, ...options }) as unknown as Change<StoredTables>

/** Commits changes under a new id. */
export const commit = (
  storage: Storage<StoredTables>,
  ...changes: readonly Change<StoredTables>[]
): Promise<'committed' | 'conflict'> => storage.commit({ id: newId('commit'), changes })

/** Reads a row by its id. */
export async function read<T extends TableName>(
  storage: Storage<StoredTables>,
  table: T,
  id: string,
): Promise<StoredTables[T] | undefined> {
  return (await find(storage, table, { id }))[0]
}

type Cells = Readonly<Record<string, unknown>>

/** Reads the rows of any table that match, oldest first, or newest first where a page is asked. */
export async function find<T extends TableName>(
  storage: Storage<StoredTables>,
  table: T,
  where: Cells,
  page?: PageQuery,
): Promise<readonly StoredTables[T][]> {
  // The checks that run over all tables name columns that every one of these tables has.
  const wanted = { find: 'many', table, where, ...(page && { page }) } as unknown as FindMany<'transactions'>
  const { rows } = await storage.load({ rows: wanted })
  // True by construction: the rows are of the table that was asked.
  return rows as unknown as readonly StoredTables[T][]
}
