import { type Commit, DefectError, type StoredTables, type TableName, uniqueKeys } from '@florin/core'
import { type RawBuilder, sql } from 'kysely'
import { cell, compile, oncePerShape, slot } from './compile.ts'
import { keyColumns, type NamedColumn, tableOrder, tables } from './tables.ts'
import { encodeRow } from './values.ts'

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
}

/** All rows that go the same way. */
interface Batch {
  readonly table: TableName
  readonly way: Way
  readonly entries: readonly Entry[]
}

/** A commit sorted into the parts of one statement. */
export type Plan = readonly Batch[]

/**
 * Sorts the changes of a commit by table, way and id.
 *
 * @throws `defect` for mistakes of the caller that another try cannot mend
 */
export function planCommit({ id, changes }: Commit<StoredTables>): Plan {
  const places = new Map<string, { readonly table: TableName; readonly way: Way; readonly entries: Entry[] }>()
  const seen = new Set<string>()
  for (const { table, row, ifAbsent } of changes) {
    if (seen.has(`${table} ${row.id}`)) throw new DefectError(`a commit changes one row twice: ${table} ${row.id}`)
    seen.add(`${table} ${row.id}`)
    if (ifAbsent && row.version !== 0)
      throw new DefectError(`only new rows can be written if absent: ${table} ${row.id}`)
    const way = ifAbsent
      ? 'insert if absent'
      : row.version === 0
        ? 'insert'
        : holdsKeys(table, row)
          ? 'replace'
          : 'release'
    const place = `${table} ${way}`
    const batch = places.get(place) ?? { table, way, entries: [] }
    batch.entries.push({ row, commitId: id })
    places.set(place, batch)
  }
  const batches = tableOrder.flatMap((table) => ways.flatMap((way) => places.get(`${table} ${way}`) ?? []))
  for (const { entries } of batches) entries.sort((a, b) => (a.row.id < b.row.id ? -1 : 1))
  return batches
}

function holdsKeys(table: TableName, row: Row): boolean {
  const cells: Readonly<Record<string, unknown>> = { ...row }
  return uniqueKeys[table].some((columns) =>
    columns.every((column) => cells[column] !== null && cells[column] !== false),
  )
}

const isUpdate = ({ way }: Batch) => way === 'release' || way === 'replace'

// A single row is planned as one row, always by its id; how many more there are does not matter.
const isSingle = ({ entries }: Batch) => entries.length === 1

const shapeOf = (plan: Plan) =>
  plan.map((batch) => `${batch.table} ${batch.way}${isSingle(batch) ? '' : 's'}`).join(', ')

/**
 * The statement of a commit, made once per shape. Data-modifying CTEs write each batch; the last select counts them in
 * order, which is also what makes Postgres run them in that order, and raises a conflict where a version did not hold.
 */
export const commitStatement = oncePerShape(shapeOf, (plan: Plan) => {
  const parts = plan.map((batch, index) => ({ ...batch, index, name: sql.ref(`w${index}`) }))
  const writes = parts.flatMap(({ index, name, ...batch }) => {
    if (!isUpdate(batch)) return [sql`${name} as (${insert(batch, index)})`]
    if (isSingle(batch)) return [sql`${name} as (${update(batch, index)})`]
    const locked = sql.ref(`l${index}`)
    return [
      sql`${locked} as (${lock(batch, index)})`,
      sql`${name} as (${update(batch, index, sql`and t.ctid = any (array(select place from ${locked}))`)})`,
    ]
  })
  const counts = parts.map(({ index, name, ...batch }) => {
    const count = sql`(select count(*) from ${name})`
    if (!isUpdate(batch)) return count
    const expected = isSingle(batch) ? sql.lit(1) : slot<Plan>((given) => batchAt(given, index).entries.length)
    return sql`case when ${count} = ${expected}::bigint then 0 else florin_conflict() end`
  })
  return compile<Plan>('commit', sql`with ${sql.join(writes)} select ${sql.join(counts)}`)
})

function batchAt(plan: Plan, index: number): Batch {
  const batch = plan[index]
  if (!batch) throw new DefectError('a commit does not fit its statement')
  return batch
}

type Encode = (table: TableName, entry: Entry) => object

const wholeRow: Encode = (table, { row, commitId }) => encodeRow(table, row, commitId)
const onlyKey: Encode = (table, { row }) => {
  const cells: Readonly<Record<string, unknown>> = { ...row }
  return Object.fromEntries(keyColumns(table).map(({ property, name }) => [name, cells[property]]))
}

/** The rows of a batch as a relation `r` of the given columns, from one JSON parameter. */
function given(batch: Batch, index: number, columns: readonly NamedColumn[], encode = wholeRow): RawBuilder<unknown> {
  const rows = slot<Plan>((plan) => {
    const { table, entries } = batchAt(plan, index)
    return JSON.stringify(entries.map((entry) => encode(table, entry)))
  })
  const definitions = columns.map(({ name, type }) => sql`${sql.ref(name)} ${sql.raw(type)}`)
  const records = sql`json_to_recordset(${rows}::json) as r(${sql.join([...definitions, sql`commit_id text`])})`
  // Postgres expects 100 rows of a function; the limit tells it better, so that it never scans a table for one row.
  return isSingle(batch) ? sql`(select * from ${records} limit 1) as r` : records
}

function insert(batch: Batch, index: number): RawBuilder<unknown> {
  const columns = tables[batch.table]
  const names = columns.map(({ name }) => sql.ref(name))
  const values = columns.map(({ name }) => (name === 'version' ? sql`r.version + 1` : sql.ref(`r.${name}`)))
  const clash = batch.way === 'insert if absent' ? sql`on conflict do nothing` : sql``
  return sql`insert into ${sql.table(batch.table)} (${sql.join(names)}, commit_id)
    select ${sql.join(values)}, r.commit_id from ${given(batch, index, columns)} ${clash} returning 1`
}

function update(batch: Batch, index: number, after: RawBuilder<unknown> = sql``): RawBuilder<unknown> {
  const columns = tables[batch.table]
  const keys = keyColumns(batch.table)
  const values = columns
    .filter((column) => column.name !== 'version' && !keys.includes(column))
    .map(({ name }) => sql`${sql.ref(name)} = ${sql.ref(`r.${name}`)}`)
  return sql`update ${sql.table(batch.table)} as t
    set version = r.version + 1, ${sql.join(values)}, commit_id = r.commit_id
    from ${given(batch, index, columns)} where ${isRow(batch)} and t.version = r.version ${after} returning 1`
}

/** Whether the row `t` of a table is the given `r`; of a partitioned one, so that one partition is asked. */
const isRow = ({ table }: Batch): RawBuilder<unknown> =>
  sql.join(
    keyColumns(table).map(({ name }) => sql`${cell(name)} = ${sql.ref(`r.${name}`)}`),
    sql` and `,
  )

/**
 * Locks the rows of several updates in the order of their ids, before any of them is written, and tells where they are.
 * The lateral join makes Postgres take them one by one, each by its id: it cannot choose another order or a table scan.
 */
function lock(batch: Batch, index: number): RawBuilder<unknown> {
  const keys = keyColumns(batch.table)
  return sql`select l.place from ${given(batch, index, keys, onlyKey)} cross join lateral
    (select t.ctid as place from ${sql.table(batch.table)} as t where ${isRow(batch)} for no key update) as l`
}
