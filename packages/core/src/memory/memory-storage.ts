import { DefectError } from '../errors.ts'
import type { Retention } from '../ports/retention.ts'
import type { Change, Commit, Find, FindNext, Loaded, PageQuery, Query, Storage } from '../ports/storage.ts'
import { type StoredTables, type TableName, uniqueKeys } from '../ports/tables.ts'
import { memoryRetention } from './memory-retention.ts'
import { readSnapshot, writeSnapshot } from './memory-snapshot.ts'

/** A storage that also tells all it holds, so that a program can go on from there later. */
export interface MemoryStorage extends Storage<StoredTables> {
  /** All rows as text, for `memoryStorage({ snapshot })`. */
  snapshot(): string
  /** Lets go of what is old among these rows: for `createFlorin({ retention })`. */
  readonly retention: Retention
}

/**
 * A Storage in the memory of this process: the executable specification of what the port promises.
 *
 * It keeps what the Postgres adapter keeps, races and rollback included, but nothing outlives the process and nothing
 * is shared with another one.
 */
export function memoryStorage({ snapshot }: { readonly snapshot?: string | undefined } = {}): MemoryStorage {
  const shelves = emptyShelves()
  for (const { table, row } of snapshot === undefined ? [] : readSnapshot(snapshot)) keep(shelves, table, row)

  return {
    async load(query) {
      const found: Record<string, unknown> = {}
      for (const [name, find] of Object.entries<Query[string]>(query))
        found[name] = structuredClone(search(shelves, find))
      // True by construction: every name of the query is answered from its own table.
      return found as Loaded<typeof query, StoredTables>
    },
    async commit(commit) {
      // Nothing below awaits, so no other commit can come between the checks and the writes.
      const writes = decide(shelves, structuredClone(commit))
      if (writes === 'conflict') return 'conflict'
      for (const { table, row } of writes) forget(shelves, table, row.id)
      for (const { table, row } of writes) keep(shelves, table, { ...row, version: row.version + 1 })
      return 'committed'
    },
    retention: memoryRetention({
      // True by construction: a shelf holds the rows of its table.
      all: <T extends TableName>(table: T) => [...shelves[table].rows.values()] as unknown as StoredTables[T][],
      replace(table, row) {
        forget(shelves, table, row.id)
        keep(shelves, table, row)
      },
      remove: (table, id) => forget(shelves, table, id),
    }),
    snapshot: () =>
      writeSnapshot(tableNames.flatMap((table) => [...shelves[table].rows.values()].map((row) => ({ table, row })))),
  }
}

type Row = StoredTables[TableName]

// Columns are looked at by name here: which ones make a key is data, so the types cannot follow.
type Cells = Readonly<Record<string, unknown>>

interface Shelf {
  readonly rows: Map<string, Row>
  /** Who holds each unique key. */
  readonly holders: Map<string, string>
}

type Shelves = Readonly<Record<TableName, Shelf>>

const tableNames = Object.keys(uniqueKeys) as readonly TableName[] // its type says that it names every table once

const emptyShelves = (): Shelves =>
  // True by construction: one shelf for every name.
  Object.fromEntries(tableNames.map((table) => [table, { rows: new Map(), holders: new Map() }])) as Record<
    TableName,
    Shelf
  >

function keep(shelves: Shelves, table: TableName, row: Row): void {
  shelves[table].rows.set(row.id, row)
  for (const key of keysOf(table, row)) shelves[table].holders.set(key, row.id)
}

function forget(shelves: Shelves, table: TableName, id: string): void {
  const row = shelves[table].rows.get(id)
  if (!row) return
  shelves[table].rows.delete(id)
  for (const key of keysOf(table, row)) shelves[table].holders.delete(key)
}

/** The unique keys that a row takes up. Null and false take up none: a user has one primary customer and many others. */
function keysOf(table: TableName, row: Row): readonly string[] {
  const cells: Cells = { ...row }
  return uniqueKeys[table]
    .map((columns) => columns.map((column) => cells[column]))
    .filter((values) => !values.some((value) => value === null || value === false))
    .map((values, index) => JSON.stringify([index, ...values]))
}

/** What a commit writes, or that it may not. Reads only. */
function decide(
  shelves: Shelves,
  { changes, requires = [] }: Commit<StoredTables>,
): readonly Change<StoredTables>[] | 'conflict' {
  refuseMistakes(changes)
  if (requires.some((id) => !shelves.data_keys.rows.has(id))) return 'conflict'
  const plain = changes.filter((change) => !change.ifAbsent)
  for (const { table, row } of plain) {
    const version = shelves[table].rows.get(row.id)?.version ?? 0
    if (version !== row.version) return 'conflict'
  }

  // A key that one change gives up is free for another one of the same commit.
  const replaced = new Set(plain.map(({ table, row }) => `${table} ${row.id}`))
  const taken = new Set<string>()
  const isTaken = (table: TableName, key: string) => {
    const holder = shelves[table].holders.get(key)
    return taken.has(`${table} ${key}`) || (holder !== undefined && !replaced.has(`${table} ${holder}`))
  }
  const take = ({ table, row }: Change<StoredTables>) => {
    const keys = keysOf(table, row)
    if (keys.some((key) => isTaken(table, key))) return false
    for (const key of keys) taken.add(`${table} ${key}`)
    return true
  }

  for (const change of plain) if (!take(change)) return 'conflict'
  const absent = changes.filter(({ ifAbsent, table, row }) => ifAbsent && !shelves[table].rows.has(row.id))
  return [...plain, ...absent.filter(take)]
}

/** Mistakes of the caller that another try cannot mend. */
function refuseMistakes(changes: readonly Change<StoredTables>[]): void {
  const places = changes.map(({ table, row }) => `${table} ${row.id}`)
  const twice = places.find((place, index) => places.indexOf(place) !== index)
  if (twice !== undefined) throw new DefectError(`a commit changes one row twice: ${twice}`)
  for (const { table, row, ifAbsent } of changes) {
    if (ifAbsent && row.version !== 0)
      throw new DefectError(`only new rows can be written if absent: ${table} ${row.id}`)
    if (table === 'audit_log' && row.version !== 0) throw new DefectError(`audit_log is append-only: ${row.id}`)
  }
}

function search(shelves: Shelves, find: Find): Row | readonly Row[] | undefined {
  if (find.find === 'due') return longestDue([...shelves[find.table].rows.values()], find)
  if (find.find === 'next') return highestBelow([...shelves[find.table].rows.values()], find)
  const rows = matching(shelves[find.table], find.where)
  if (find.find === 'one') return rows.sort(oldestFirst)[0]
  return find.page ? newestAfter(rows, find.page) : rows.sort(oldestFirst)
}

function matching(shelf: Shelf, where: Cells): Row[] {
  const conditions = Object.entries(where)
  for (const [column, value] of conditions) {
    // It would find everybody's rows.
    if (value === undefined) throw new DefectError(`a condition without a value: ${column}`)
  }
  const matches = (row: Row) => {
    const cells: Cells = { ...row }
    return conditions.every(([column, value]) => cells[column] === value)
  }
  const byId = typeof where.id === 'string' ? shelf.rows.get(where.id) : undefined
  const candidates = 'id' in where ? (byId ? [byId] : []) : [...shelf.rows.values()]
  return candidates.filter(matches)
}

function newestAfter(rows: Row[], { limit, after }: PageQuery): readonly Row[] {
  const rest = after ? rows.filter((row) => oldestFirst(row, after) < 0) : rows
  return rest.sort((a, b) => oldestFirst(b, a)).slice(0, limit)
}

function highestBelow(rows: Row[], { limit, before }: FindNext<TableName>): readonly Row[] {
  const rest = before === undefined ? rows : rows.filter(({ id }) => id < before)
  return rest.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit)
}

function longestDue(rows: Row[], { at, limit }: { readonly at: string; readonly limit: number }): readonly Row[] {
  const due = rows.flatMap((row) => ('dueAt' in row && row.dueAt !== null && row.dueAt <= at ? [{ row, ...row }] : []))
  return due
    .sort((a, b) => (a.dueAt === b.dueAt ? oldestFirst(a, b) : (a.dueAt ?? '') < (b.dueAt ?? '') ? -1 : 1))
    .map(({ row }) => row)
    .slice(0, limit)
}

type Place = Pick<Row, 'createdAt' | 'id'>

function oldestFirst(a: Place, b: Place): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}
