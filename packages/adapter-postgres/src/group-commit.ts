import type { TableName } from '@florin/core'
import { type RawBuilder, sql } from 'kysely'
import { given, insert, lock, onlyKeys, type Part, update } from './commit.ts'
import { type Batch, isUpdate, type Plan, partNames } from './commit-plan.ts'
import { type Compiled, compile } from './compile.ts'
import type { Answer } from './database.ts'

/** A statement for several commits at once, and the plan as it needs it: with a batch for each of its parts. */
interface Grouped {
  readonly compiled: Compiled<Plan>
  readonly plan: Plan
}

// A new statement costs Postgres more than parts that have nothing to do, and each is kept by every connection.
const MOST_IDLE_PARTS = 3
const MOST_STATEMENTS = 24

/** Finds or makes the statement of a group. There are never more than a few, whatever commits meet. */
export function groupStatements(): (plan: Plan) => Grouped {
  const known: { readonly names: ReadonlySet<string>; readonly compiled: Compiled<Plan> }[] = []
  const make = (names: readonly string[]) => {
    const made = { names: new Set(names), compiled: compileGroup(names.map(emptyBatch)) }
    known.push(made)
    known.sort((a, b) => a.names.size - b.names.size)
    return made
  }
  return (plan) => {
    const needed = plan.map(partName)
    const most = known.length < MOST_STATEMENTS ? needed.length + MOST_IDLE_PARTS : Number.POSITIVE_INFINITY
    const fits = ({ names }: (typeof known)[number]) => names.size <= most && needed.every((name) => names.has(name))
    const found = known.find(fits) ?? make(known.length < MOST_STATEMENTS ? needed : partNames)
    const batches = new Map(plan.map((batch) => [partName(batch), batch]))
    return { compiled: found.compiled, plan: [...found.names].map((name) => batches.get(name) ?? emptyBatch(name)) }
  }
}

const partName = ({ table, way }: Batch): string => `${table} ${way}`

function emptyBatch(name: string): Batch {
  const at = name.indexOf(' ')
  // Names are made of the two by `partName`.
  return { table: name.slice(0, at) as TableName, way: name.slice(at + 1) as Batch['way'], entries: [] }
}

/**
 * The statement of several commits. First every row that is to be replaced is locked and looked at; then the commits that
 * were decided on versions that have passed are left out, and all others are written. It answers whom it left out.
 *
 * Whatever else is wrong with one of them (a unique key, a rule of the tables) fails the statement, and nothing is written.
 */
function compileGroup(batches: readonly Batch[]): Compiled<Plan> {
  const parts = batches.map(({ table, way }, index): Part => ({ table, way, index, single: false }))
  const updates = parts.filter((part) => isUpdate({ ...part, entries: [] }))
  const names = (part: Part) => ({ locked: sql.ref(`l${part.index}`), written: sql.ref(`w${part.index}`) })
  const left = sql`r.commit_id <> all (array(select commit_id from stale))`

  const locks = updates.map(
    (part) => sql`${names(part).locked} as (
      select r.commit_id, l.place, coalesce(l.version = r.version, false) as held
      from ${given(part, [], onlyKeys)} left join lateral (${lock(part)}) as l on true)`,
  )
  const stale = sql.join(
    updates.map((part) => sql`select commit_id from ${names(part).locked} where not held`),
    sql` union all `,
  )
  const hasUpdates = updates.length > 0
  const writes = parts.map((part) => {
    const { locked, written } = names(part)
    if (!updates.includes(part)) return sql`${written} as (${insert(part, hasUpdates ? sql`where ${left}` : sql``)})`
    const isLocked = sql`and t.ctid = any (array(select place from ${locked} where held)) and ${left}`
    return sql`${written} as (${update(part, isLocked)})`
  })
  const counts = parts.map((part): RawBuilder<unknown> => {
    const { locked, written } = names(part)
    const count = sql`(select count(*) from ${written})`
    if (!updates.includes(part)) return count
    const expected = sql`(select count(*) from ${locked} as r where held and ${left})`
    return sql`case when ${count} = ${expected} then 0 else florin_conflict() end`
  })
  // The first column asks for everybody who is stale, so that all rows are locked before the first is written.
  const first = hasUpdates ? sql`(select json_agg(commit_id)::text from stale)` : sql`null::text`
  const expressions = hasUpdates ? [...locks, sql`stale as (${stale})`, ...writes] : writes
  return compile<Plan>('group', sql`with ${sql.join(expressions)} select ${sql.join([first, ...counts])}`)
}

/** The commits that a group's statement left out, by their ids. */
export function staleCommits(answer: Answer): ReadonlySet<unknown> {
  const ids = answer[0]?.[0]
  const parsed: unknown = typeof ids === 'string' ? JSON.parse(ids) : []
  return new Set(Array.isArray(parsed) ? parsed : [])
}
