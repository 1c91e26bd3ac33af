import { must } from '../errors.ts'
import type { Change, Find, Loaded, Query } from '../ports/storage.ts'
import type { TableName, Tables } from '../ports/tables.ts'

/** Rows by table: what a decision works on. Plain data; every function here answers a new one. */
export type RowSet = { readonly [T in TableName]?: readonly Tables[T][] }

/** The rows of a table. */
export function rowsOf<T extends TableName>(set: RowSet, table: T): readonly Tables[T][] {
  const rows: readonly Tables[T][] | undefined = set[table]
  return rows ?? []
}

/** The first row of a table that matches. */
export function findRow<T extends TableName>(
  set: RowSet,
  table: T,
  match: (row: Tables[T]) => boolean,
): Tables[T] | undefined {
  return rowsOf(set, table).find(match)
}

/** The row of a table that has an id, where it is certain to be among the rows. */
export const rowWithId = <T extends TableName>(set: RowSet, table: T, id: string | null): Tables[T] =>
  must(
    findRow(set, table, (row) => row.id === id),
    `${table} ${id}`,
  )

/** The set with a row put in place of the one with its id, or added. */
export function putRow<T extends TableName>(set: RowSet, table: T, row: Tables[T]): RowSet {
  const rows = rowsOf(set, table)
  const others = rows.filter(({ id }) => id !== row.id)
  return { ...set, [table]: [...others, row] }
}

/** Everything that a query found, by table. */
export function rowSetOf<const Q extends Query>(query: Q, loaded: Loaded<Q>): RowSet {
  let set: RowSet = {}
  for (const [name, find] of Object.entries<Find>(query)) {
    const found: unknown = loaded[name]
    const rows = Array.isArray(found) ? found : found === undefined ? [] : [found]
    // The storage promises rows of the table that the query names.
    for (const row of rows) set = putRow(set, find.table, row as Tables[TableName])
  }
  return set
}

/** The changes that lead from one set to the other: every row that is not the very same. */
export function changesBetween(before: RowSet, after: RowSet): Change[] {
  const changes: Change[] = []
  for (const table of Object.keys(after) as TableName[]) {
    const known = new Set<unknown>(rowsOf(before, table))
    for (const row of rowsOf(after, table)) {
      // A row of `table` by construction; the compiler cannot tie the two together over a union.
      if (!known.has(row)) changes.push({ table, row } as Change)
    }
  }
  return changes
}

/** The rows as they stand once their changes are committed: each version moved on by one. */
export function committed(before: RowSet, after: RowSet): RowSet {
  let set = after
  for (const { table, row } of changesBetween(before, after)) {
    set = putRow(set, table, { ...row, version: row.version + 1 })
  }
  return set
}
