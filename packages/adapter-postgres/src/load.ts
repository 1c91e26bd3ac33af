import {
  DefectError,
  type DueTable,
  type FindDue,
  type FindMany,
  type FindNext,
  type FindOne,
  type Loaded,
  type PageQuery,
  type Query,
  type StoredTables,
  type TableName,
  uniqueKeys,
} from '@florin/core'
import { type RawBuilder, sql } from 'kysely'
import { cell, compile, oncePerShape, slot } from './compile.ts'
import type { Answer } from './database.ts'
import { columnOf, isPartitioned, type NamedColumn, tables } from './tables.ts'
import { decodeRow } from './values.ts'

type Find = FindOne<TableName> | FindMany<TableName> | FindDue<DueTable> | FindNext<TableName>

// Conditions are handled by their columns' names: which ones a query has is data, so the types cannot follow.
type Conditions = Readonly<Record<string, unknown>>

/** Words that partial indexes name: as text in the statement, so that a plan for any parameter can use the index. */
const indexedWords = /^(open|pending|dead|received|failed|ignored)$/

const isText = (column: string, value: unknown): boolean =>
  typeof value === 'boolean' || (column === 'status' && typeof value === 'string' && indexedWords.test(value))

/** Puts a value of the query into the statement. */
export type Parameter = (type: NamedColumn['type'], fill: (query: Query) => unknown) => RawBuilder<unknown>

/** One scalar subselect for each find of a query. */
export const subselects = (query: Query, parameter: Parameter): RawBuilder<unknown>[] =>
  Object.entries(query).map(([name, find]) => subselect(name, find, parameter))

/** A query, and what it has in common with those that the same statement is for. */
export interface Asked {
  readonly query: Query
  readonly shape: string
}

/** Works out a query's shape, all but its parameters. @throws `defect` for a condition without a value */
export const asked = (query: Query): Asked => ({ query, shape: shapeOfQuery(query) })

/** The statement of a query that is asked alone, made once per shape: all finds are of one snapshot. */
export const loadStatement = oncePerShape(
  ({ shape }: Asked) => shape,
  ({ query }) => {
    const parameter: Parameter = (type, fill) => sql`${slot(fill)}::${sql.raw(type)}`
    return compile<Query>('load', sql`select ${sql.join(subselects(query, parameter))}`)
  },
)

/**
 * Whether a query finds few rows by their keys, so that it takes no time and may share a statement with any other. Pages
 * of lists and what is due share theirs only with their like.
 */
export const isByKeys = ({ query }: Asked): boolean =>
  Object.values<Find>(query).every((find) => find.find === 'one' || (find.find === 'many' && !find.page))

/** The rows that the statement of a query answered, under the query's names. */
export function readAnswer<Q extends Query>(query: Q, texts: Answer[number] = []): Loaded<Q, StoredTables> {
  const loaded: Record<string, unknown> = {}
  for (const [index, [name, find]] of Object.entries<Find>(query).entries()) {
    const text = texts[index]
    const found: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
    if (find.find === 'one') loaded[name] = Array.isArray(found) ? decodeRow(find.table, found) : undefined
    else loaded[name] = Array.isArray(found) ? found.map((values) => decodeRow(find.table, values)) : []
  }
  // True by construction: every name of the query was read from its own table.
  return loaded as Loaded<Q, StoredTables>
}

function shapeOfQuery(query: Query): string {
  return JSON.stringify(Object.entries(query).map(([name, find]) => [name, shapeOf(find)]))
}

function shapeOf(find: Find): string {
  if (find.find === 'due') return `due ${find.table}`
  if (find.find === 'next') return `next ${find.table}${find.before === undefined ? '' : ' before'}`
  const conditions = Object.entries<unknown>(find.where).map(([column, value]) => {
    // It would find everybody's rows.
    if (value === undefined) throw new DefectError(`a condition without a value: ${column} of ${find.table}`)
    return value === null || isText(column, value) ? `${column}=${value}` : column
  })
  const paged = find.find === 'many' && find.page ? `${find.page.after ? 'after' : 'first'} ${find.page.limit}` : ''
  return [find.find, find.table, paged, ...conditions].join(' ')
}

/** One find of a query. Its parameters come from the query of the same shape that the statement runs for. */
function subselect(name: string, find: Find, parameter: Parameter): RawBuilder<unknown> {
  const { table } = find
  const row = sql`json_build_array(${sql.join(tables[table].map(output))})`
  const from = sql`from ${sql.table(table)} as t`
  const found = (query: Query) => query[name] as Find // of the same shape, so it has the same names
  if (find.find === 'due') {
    const foundDue = (query: Query) => query[name] as FindDue<DueTable> // of the same shape, so it is one
    const at = parameter('timestamptz', (query) => foundDue(query).at)
    const limit = parameter('bigint', (query) => foundDue(query).limit)
    return sql`(select json_agg(r.j)::text from (select ${row} as j ${from}
      where t.due_at <= ${at} order by t.due_at, t.created_at, t.id limit ${limit}) as r)`
  }
  if (find.find === 'next') {
    const foundNext = (query: Query) => query[name] as FindNext<TableName> // of the same shape, so it is one
    const below =
      find.before === undefined ? sql`` : sql`where t.id < ${parameter('text', (query) => foundNext(query).before)}`
    const limit = parameter('bigint', (query) => foundNext(query).limit)
    return sql`(select json_agg(r.j)::text from (select ${row} as j ${from}
      ${below} order by t.id desc limit ${limit}) as r)`
  }
  const conditions = Object.entries<unknown>(find.where).map(([property, value]) =>
    condition(table, property, value, (type) => parameter(type, (query) => conditionsOf(found(query))[property])),
  )
  const page = find.find === 'many' ? find.page : undefined
  const pageOf = (query: Query) => (found(query) as FindMany<TableName>).page // of the same shape, so it has a page
  if (page?.after) {
    const createdAt = parameter('timestamptz', (query) => pageOf(query)?.after?.createdAt)
    const id = parameter('text', (query) => pageOf(query)?.after?.id)
    conditions.push(sql`(t.created_at, t.id) < (${createdAt}, ${id})`)
  }
  const where = conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``

  if (find.find === 'one') {
    const first = isUnique(find) ? onlyOne(table) : sql`order by t.created_at, t.id limit 1`
    return sql`(select ${row}::text ${from} ${where} ${first})`
  }
  const order = page
    ? // As text: for a limit that it does not know, Postgres plans as if a tenth of all rows were wanted, and compiles that.
      sql`order by t.created_at desc, t.id desc limit ${sql.lit(limitOf(page))}`
    : sql`order by t.created_at, t.id`
  return sql`(select json_agg(r.j)::text from (select ${row} as j ${from} ${where} ${order}) as r)`
}

function condition(
  table: TableName,
  property: string,
  value: unknown,
  given: (type: NamedColumn['type']) => RawBuilder<unknown>,
): RawBuilder<unknown> {
  const column = columnOf(table, property)
  if (!column) throw new DefectError(`${table} has no ${property}`)
  if (value === null) return sql`${cell(column.name)} is null`
  if (isText(property, value)) return sql`${cell(column.name)} = ${sql.lit(value)}`
  return sql`${cell(column.name)} = ${given(column.type)}`
}

function limitOf({ limit }: PageQuery): number {
  if (!Number.isSafeInteger(limit) || limit < 0) throw new DefectError(`a page of ${limit} rows`)
  return limit
}

const conditionsOf = (find: Find): Conditions => ('where' in find ? find.where : {})

/**
 * With the limit Postgres knows that one of the partitions ends the search. Without it, a plan for any parameter looks
 * as dear as asking them all, so that it would plan every time anew.
 */
const onlyOne = (table: TableName): RawBuilder<unknown> => (isPartitioned(table) ? sql`limit 1` : sql``)

/** Whether at most one row can match, so that none needs to be sorted before the others. */
function isUnique({ table, where }: FindOne<TableName>): boolean {
  const given: Conditions = where
  const keys: readonly (readonly string[])[] = [['id'], ...uniqueKeys[table]]
  return keys.some((columns) =>
    columns.every((column) => column in given && given[column] !== null && given[column] !== false),
  )
}

const output = ({ name, type }: NamedColumn): RawBuilder<unknown> =>
  type === 'bytea' ? sql`encode(${cell(name)}, 'hex')` : cell(name)
