import { DefectError } from '@florin/core'
import { type RawBuilder, sql } from 'kysely'
import { type Batch, isUpdate, type PartKey, type Plan, partName } from './commit-plan.ts'
import { cell, compile, oncePerShape, slot } from './compile.ts'
import { keyColumns, type NamedColumn, tables } from './tables.ts'
import { joinBytes, joinTexts } from './values.ts'

// A single row is planned as one row, always by its id; how many more there are does not matter.
const isSingle = ({ entries }: Batch) => entries.length === 1

const shapeOf = ({ plan }: Filling) => plan.map((batch) => `${partName(batch)}${isSingle(batch) ? '' : 's'}`).join(', ')

/**
 * The statement of a commit that is sent alone, made once per shape. Data-modifying CTEs write each batch; the last
 * select counts them in order, which is also what makes Postgres run them in that order, and raises a conflict where a
 * version did not hold.
 */
export const commitStatement = oncePerShape(shapeOf, ({ plan }: Filling) => {
  const parts = plan.map((batch, index) => ({ batch, part: { ...batch, index, single: isSingle(batch) } }))
  const writes = parts.flatMap(({ part }) => {
    const name = sql.ref(`w${part.index}`)
    if (!isUpdate(part)) return [sql`${name} as (${insert(part)})`]
    if (part.single) return [sql`${name} as (${update(part)})`]
    const locked = sql.ref(`l${part.index}`)
    const isLocked = sql`and t.ctid = any (array(select place from ${locked}))`
    return [
      sql`${locked} as (select l.place from ${given(part, [], onlyKeys)} cross join lateral (${lock(part)}) as l)`,
      sql`${name} as (${update(part, isLocked)})`,
    ]
  })
  const counts = parts.map(({ part }) => {
    const count = sql`(select count(*) from ${sql.ref(`w${part.index}`)})`
    if (!isUpdate(part)) return count
    const expected = part.single ? sql.lit(1) : slot<Filling>((given) => batchAt(given.plan, part.index).entries.length)
    return sql`case when ${count} = ${expected}::bigint then 0 else florin_conflict() end`
  })
  return compile<Filling>('commit', sql`with ${sql.join(writes)} select ${sql.join([...beforeWriting, ...counts])}`)
})

/** What fills the statement of one commit or of several. */
export interface Filling {
  readonly plan: Plan
  /** The data keys that must be there, each once. */
  readonly requires: readonly string[]
  /** How long it may wait for each lock. */
  readonly lockTimeoutMs: number
}

/**
 * The first columns that a statement of commits asks for, so that they come before any lock. The wait for locks ends with
 * the transaction, which is this statement: a pooler hands it on to nobody. Then a key that is not there raises a conflict.
 */
export const beforeWriting: readonly RawBuilder<unknown>[] = [
  sql`set_config('lock_timeout', ${slot<Filling>(({ lockTimeoutMs }) => String(lockTimeoutMs))}, true)`,
  sql`case when (select count(*) from ${sql.table('data_keys')} as t where ${cell('id')} = any (
    array(select json_array_elements_text(${slot<Filling>(({ requires }) => JSON.stringify(requires))}::json))
  )) = ${slot<Filling>(({ requires }) => requires.length)}::bigint then 0 else florin_conflict() end`,
]

/** A batch as a part of a statement: where in the plan its rows are, and whether there is just one. */
export interface Part extends PartKey {
  readonly index: number
  readonly single: boolean
}

function batchAt(plan: Plan, index: number): Batch {
  const batch = plan[index]
  if (!batch) throw new DefectError('a commit does not fit its statement')
  return batch
}

type Encode = (batch: Batch) => string

const wholeRows: Encode = ({ table, entries }) =>
  joinTexts(
    table,
    entries.map(({ encoded }) => encoded),
  )

/** What finds the rows and says on which version they were decided. */
export const onlyKeys: Encode = ({ table, entries }) =>
  JSON.stringify(
    entries.map(({ row, commitId }) => {
      const cells: Readonly<Record<string, unknown>> = { ...row }
      const keys = keyColumns(table).map(({ property, name }) => [name, cells[property]])
      return { ...Object.fromEntries(keys), version: row.version, commit_id: commitId }
    }),
  )

/** The rows of a batch as a relation `r`, of its keys, its commit and the given columns, from one JSON parameter. */
export function given(part: Part, columns: readonly NamedColumn[], encode: Encode): RawBuilder<unknown> {
  const rows = slot<Filling>(({ plan }) => encode(batchAt(plan, part.index)))
  const version = { name: 'version', type: 'bigint' }
  const all = [...keyColumns(part.table), version, ...columns.filter(({ name }) => name !== 'version')]
  const distinct = [...new Map(all.map((column) => [column.name, column])).values()]
  const definitions = distinct.flatMap(({ name, type }) =>
    type === 'bytea'
      ? [sql`${sql.ref(`${name}_at`)} integer`, sql`${sql.ref(`${name}_length`)} integer`]
      : [sql`${sql.ref(name)} ${sql.raw(type)}`],
  )
  const records = sql`json_to_recordset(${rows}::json) as r(${sql.join([...definitions, sql`commit_id text`])})`
  // Postgres expects 100 rows of a function; the limit tells it better, so that it never scans a table for one row.
  return part.single ? sql`(select * from ${records} limit 1) as r` : records
}

/** A column of the given rows. Bytes are cut out of all rows' bytes, which are one parameter. */
function value({ index }: Part, { name, type }: NamedColumn): RawBuilder<unknown> {
  if (type !== 'bytea') return sql.ref(`r.${name}`)
  const bytes = slot<Filling>(({ plan }) => joinBytes(batchAt(plan, index).entries.map(({ encoded }) => encoded)))
  return sql`substring(${bytes}::bytea from ${sql.ref(`r.${name}_at`)} for ${sql.ref(`r.${name}_length`)})`
}

/** Inserts the rows of a batch, those that meet the condition. */
export function insert(part: Part, condition: RawBuilder<unknown> = sql``): RawBuilder<unknown> {
  const columns = tables[part.table]
  const names = columns.map(({ name }) => sql.ref(name))
  const values = columns.map((column) => (column.name === 'version' ? sql`r.version + 1` : value(part, column)))
  const clash = part.way === 'insert if absent' ? sql`on conflict do nothing` : sql``
  return sql`insert into ${sql.table(part.table)} (${sql.join(names)}, commit_id)
    select ${sql.join(values)}, r.commit_id from ${given(part, columns, wholeRows)} ${condition} ${clash} returning 1`
}

/** Replaces the rows of a batch that have the expected version and meet the condition. */
export function update(part: Part, condition: RawBuilder<unknown> = sql``): RawBuilder<unknown> {
  const columns = tables[part.table]
  const keys = keyColumns(part.table)
  const values = columns
    .filter((column) => column.name !== 'version' && !keys.includes(column))
    .map((column) => sql`${sql.ref(column.name)} = ${value(part, column)}`)
  return sql`update ${sql.table(part.table)} as t
    set version = r.version + 1, ${sql.join(values)}, commit_id = r.commit_id
    from ${given(part, columns, wholeRows)} where ${isRow(part)} and t.version = r.version ${condition} returning 1`
}

/** Whether the row `t` of a table is the given `r`; of a partitioned one, so that one partition is asked. */
const isRow = ({ table }: Part): RawBuilder<unknown> =>
  sql.join(
    keyColumns(table).map(({ name }) => sql`${cell(name)} = ${sql.ref(`r.${name}`)}`),
    sql` and `,
  )

/**
 * Locks the row that is the given `r`, and tells where it is. In a lateral join with rows in the order of their ids: it
 * makes Postgres take them one by one, each by its id, so that it can choose neither another order nor a table scan.
 */
export const lock = (part: Part): RawBuilder<unknown> =>
  sql`select t.ctid as place, t.version from ${sql.table(part.table)} as t where ${isRow(part)} for no key update`
