import { type Commit, DefectError, type StoredTables, type TableName, uniqueKeys } from '@florin/core'
import { tableOrder } from './tables.ts'
import { type EncodedRow, encodeRow } from './values.ts'

type Row = StoredTables[TableName]

/**
 * What can be done to the rows of a table, in this order. Rows that let go of a unique key come before those that may
 * take it over: Postgres checks keys row by row.
 */
const ways = ['release', 'replace', 'insert', 'insert if absent'] as const
type Way = (typeof ways)[number]

/** A row and the commit that writes it; rows of several commits can share a statement. */
interface Entry {
  readonly row: Row
  readonly commitId: string
  readonly encoded: EncodedRow
  /** Rows are written in this order by everybody, so that two that meet wait for each other and never in a circle. */
  readonly place: string
}

/** All rows that go the same way. */
export interface Batch {
  readonly table: TableName
  readonly way: Way
  readonly entries: readonly Entry[]
}

/** What tells the parts of a statement apart: each has the rows of one table that go one way. */
export type PartKey = Pick<Batch, 'table' | 'way'>

/** Commits sorted into the parts of one statement. */
export type Plan = readonly Batch[]

/** A row or a unique key that a commit writes, and on which version of the row. */
export interface Claim {
  readonly id: string
  readonly version: number
  /** Whether it may be there already, so that it says nothing of what else there is. */
  readonly ifAbsent: boolean
}

/** A commit that is ready to be sent, alone or with others. */
export interface PlannedCommit {
  readonly commit: Commit<StoredTables>
  readonly plan: Plan
  /** By the name of the row or key. Two commits that have one of them in common never share a statement. */
  readonly claims: ReadonlyMap<string, Claim>
  /** Characters and bytes that it sends. */
  readonly size: number
}

/** The name of a part: no two parts of a statement have the same, and statements are found again by the names in them. */
export const partName = ({ table, way }: PartKey): string => `${table} ${way}`

/** Whether a part changes rows that must be there. Only of these the version is compared; new rows meet on unique keys. */
export const isUpdate = ({ way }: PartKey): boolean => way === 'release' || way === 'replace'

/**
 * Sorts the changes of a commit by table, way and place, and encodes them: what happens to the rows afterwards changes
 * nothing of what is sent.
 *
 * @throws `defect` for mistakes of the caller that another try cannot mend
 */
export function planCommit(commit: Commit<StoredTables>): PlannedCommit {
  const claims = new Map<string, Claim>([[`commit ${commit.id}`, { id: commit.id, version: 0, ifAbsent: true }]])
  let size = 0
  const batches = commit.changes.map(({ table, row, ifAbsent = false }): Batch => {
    const name = `${table} ${row.id}`
    if (claims.has(name)) throw new DefectError(`a commit changes one row twice: ${name}`)
    if (ifAbsent && row.version !== 0) throw new DefectError(`only new rows can be written if absent: ${name}`)
    const keys = keysOf(table, row)
    for (const claimed of [name, ...keys]) claims.set(claimed, { id: row.id, version: row.version, ifAbsent })
    const encoded = encodeRow(table, row, commit.id)
    size += encoded.size
    // New rows meet others on their unique keys, if they have one; old ones are found by their ids.
    const place = row.version === 0 ? (keys[0] ?? row.id) : row.id
    return { table, way: wayOf(row, keys, ifAbsent), entries: [{ row, commitId: commit.id, encoded, place }] }
  })
  return { commit, plan: merge(batches), claims, size }
}

/** One plan of several. */
export const mergePlans = (commits: readonly PlannedCommit[]): Plan => merge(commits.flatMap(({ plan }) => plan))

function merge(batches: readonly Batch[]): Plan {
  const merged = new Map<string, PartKey & { readonly entries: Entry[] }>()
  for (const { table, way, entries } of batches) {
    const name = partName({ table, way })
    const known = merged.get(name)
    if (known) known.entries.push(...entries)
    else merged.set(name, { table, way, entries: [...entries] })
  }
  for (const { entries } of merged.values()) entries.sort((a, b) => (a.place < b.place ? -1 : 1))
  if (merged.size === 1) return [...merged.values()]
  return [...merged.values()].sort((a, b) => rankOf(a) - rankOf(b))
}

/** Every part that a statement may have, in the order in which they are run: the same for everybody. */
export const allParts: readonly PartKey[] = tableOrder.flatMap((table) => ways.map((way) => ({ table, way })))

const ranks = new Map(allParts.map((part, rank) => [partName(part), rank]))

const rankOf = (part: PartKey): number => ranks.get(partName(part)) ?? 0

function wayOf(row: Row, keys: readonly string[], ifAbsent: boolean): Way {
  if (ifAbsent) return 'insert if absent'
  if (row.version === 0) return 'insert'
  return keys.length > 0 ? 'replace' : 'release'
}

/** The unique keys that a row takes up. One with null or false in a column takes none. */
function keysOf(table: TableName, row: Row): readonly string[] {
  const cells: Readonly<Record<string, unknown>> = { ...row }
  return uniqueKeys[table].flatMap((columns) => {
    const values = columns.map((column) => cells[column])
    return values.some((value) => value === null || value === false)
      ? []
      : [`${table}.${columns.join('.')} ${JSON.stringify(values)}`]
  })
}
