import type { Rows, Searchable, StoredTables, TableName, Tables } from './tables.ts'

/** Equality on searchable columns; `null` finds rows where the column is not set. */
export type Where<T extends TableName> = { readonly [C in Searchable[T] & keyof Tables[T]]?: Tables[T][C] }

/** The newest rows after a place in the list (`created_at`, `id`), at most `limit`. */
export interface PageQuery {
  readonly limit: number
  readonly after?: { readonly createdAt: string; readonly id: string }
}

export interface FindOne<T extends TableName> {
  readonly find: 'one'
  readonly table: T
  readonly where: Where<T>
}

export interface FindMany<T extends TableName> {
  readonly find: 'many'
  readonly table: T
  readonly where: Where<T>
  readonly page?: PageQuery
}

/** The tables whose rows wait for something: each names its time in `dueAt`. */
export type DueTable = { [T in TableName]: Tables[T] extends { readonly dueAt: string | null } ? T : never }[TableName]

export interface FindDue<T extends DueTable> {
  readonly find: 'due'
  readonly table: T
  readonly at: string
  readonly limit: number
}

/** Some of all rows of a table, whatever they hold. */
export interface FindNext<T extends TableName> {
  readonly find: 'next'
  readonly table: T
  readonly limit: number
  /** Only ids below this one. */
  readonly before?: string
}

/** Any way to find rows. */
export type Find =
  | { [T in TableName]: FindOne<T> | FindMany<T> | FindNext<T> }[TableName]
  | { [T in DueTable]: FindDue<T> }[DueTable]

/** Names for what is wanted, each with how to find it. */
export type Query = Readonly<Record<string, Find>>

/** What a query answers: a row or undefined for `one`, rows for `many`. */
export type Loaded<Q, R extends Rows = Tables> = { readonly [K in keyof Q]: Found<Q[K], R> }

type Found<F, R extends Rows> =
  F extends FindOne<infer T>
    ? R[T] | undefined
    : F extends FindMany<infer T>
      ? readonly R[T][]
      : F extends FindDue<infer T> | FindNext<infer T>
        ? readonly R[T][]
        : never

/** Finds the one row that matches, oldest first where more than one does. */
export const one = <T extends TableName>(table: T, where: Where<T>): FindOne<T> => ({ find: 'one', table, where })

/** Finds all rows that match, oldest first. For sets that stay small, such as the refunds of one payment. */
export const many = <T extends TableName>(table: T, where: Where<T>): FindMany<T> => ({ find: 'many', table, where })

/** Finds one page of the rows that match, newest first. */
export const page = <T extends TableName>(table: T, where: Where<T>, query: PageQuery): FindMany<T> => ({
  find: 'many',
  table,
  where,
  page: query,
})

/** Finds the rows whose time has come, longest due first. */
export const due = <T extends DueTable>(table: T, at: string, limit: number): FindDue<T> => ({
  find: 'due',
  table,
  at,
  limit,
})

/** Finds the rows with the highest ids, downwards: to look through a whole table, page by page, by its ids alone. */
export const next = <T extends TableName>(table: T, limit: number, before?: string): FindNext<T> => ({
  find: 'next',
  table,
  limit,
  ...(before !== undefined && { before }),
})

/**
 * One row to write. Its `version` is the one that it was decided on: 0 makes a new row, any other replaces the row that
 * still has that version. What is stored has `version + 1`.
 */
export interface Write<T extends TableName, R extends Rows = Tables> {
  readonly table: T
  readonly row: R[T]
  /** For facts that several observers may prove: where the row or a unique key is already there, nothing is written. */
  readonly ifAbsent?: true
}

export type Change<R extends Rows = Tables> = { [T in TableName]: Write<T, R> }[TableName]

/** The change that writes a row: new where its version is 0, else in place of that version. */
export const write = <T extends TableName>(table: T, row: Tables[T]): Write<T> => ({ table, row })

/** Everything that must become true together. No two changes of one commit concern the same row. */
export interface Commit<R extends Rows = Tables> {
  /** Unique; stored on the rows, so that a commit whose answer was lost can be recognised. */
  readonly id: string
  readonly changes: readonly Change<R>[]
  /**
   * Ids of rows of `data_keys` that must be there, for the changes are sealed under them. A server remembers its keys, and a
   * failover may have lost the newest ones: what is sealed under those would never open again.
   */
  readonly requires?: readonly string[]
  /** It tells what came of a call that was sent: a storage that turns commits away for lack of room has more for these. */
  readonly settles?: true
}

/**
 * Where Florin's rows live. Two methods, one round trip each.
 *
 * `load` answers committed rows only, all of one moment.
 *
 * `commit` is atomic: all changes or none. It answers `conflict`, having changed nothing, when a row no longer has the
 * version that a change was decided on, when a new row clashes with an id or a unique key, or when a data key that it
 * `requires` is not there; the caller then loads and decides again.
 *
 * @throws `unavailable` storage_unavailable: `not_applied`, or `unknown` when a commit's outcome could not be learned
 */
export interface Storage<R extends Rows = StoredTables> {
  load<const Q extends Query>(query: Q): Promise<Loaded<Q, R>>
  commit(commit: Commit<R>): Promise<'committed' | 'conflict'>
}
