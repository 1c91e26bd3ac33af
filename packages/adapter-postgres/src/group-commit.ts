import { type RawBuilder, sql } from 'kysely'
import { beforeWriting, type Filling, given, insert, lock, onlyKeys, type Part, update } from './commit.ts'
import { allParts, isUpdate, type PartKey, type Plan, partName } from './commit-plan.ts'
import { type Compiled, compile } from './compile.ts'
import type { Answer } from './database.ts'

/** A statement for several commits at once, and the plan as it needs it: with a batch for each of its parts. */
interface Grouped {
  readonly compiled: Compiled<Filling>
  readonly plan: Plan
}

// A new statement costs Postgres more than parts that have nothing to do, and each is kept by every connection.
const MOST_IDLE_PARTS = 3
const MOST_STATEMENTS = 24

/** Finds or makes the statement of a group. There are never more than a few, whatever commits meet. */
export function groupStatements(): (plan: Plan) => Grouped {
  const known: { readonly parts: ReadonlyMap<string, PartKey>; readonly compiled: Compiled<Filling> }[] = []
  const make = (keys: readonly PartKey[]) => {
    // Statements are kept for good, and the rows that they were made for must not be.
    const parts = new Map(keys.map(({ table, way }) => [partName({ table, way }), { table, way }]))
    const made = { parts, compiled: compileGroup([...parts.values()]) }
    known.push(made)
    known.sort((a, b) => a.parts.size - b.parts.size)
    return made
  }
  return (plan) => {
    const batches = new Map(plan.map((batch) => [partName(batch), batch]))
    const needed = [...batches.keys()]
    const most = known.length < MOST_STATEMENTS ? needed.length + MOST_IDLE_PARTS : Number.POSITIVE_INFINITY
    const fits = ({ parts }: (typeof known)[number]) => parts.size <= most && needed.every((name) => parts.has(name))
    const found = known.find(fits) ?? make(known.length < MOST_STATEMENTS ? plan : allParts)
    const fitted = [...found.parts].map(([name, part]) => batches.get(name) ?? { ...part, entries: [] })
    return { compiled: found.compiled, plan: fitted }
  }
}

/**
 * The statement of several commits. First every row that is to be replaced is locked and looked at; then the commits that
 * were decided on versions that have passed are left out, and all others are written. It answers whom it left out.
 *
 * Whatever else is wrong with one of them (a unique key, a data key that is not there, a row that somebody holds for long, a
 * rule of the tables) fails the statement, and nothing is written.
 */
function compileGroup(keys: readonly PartKey[]): Compiled<Filling> {
  const parts = keys.map((key, index): Part => ({ ...key, index, single: false }))
  const updates = parts.filter(isUpdate)
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
  // Everybody who is stale is asked for first, so that all rows are locked before the first is written.
  const leftOut = hasUpdates ? sql`(select json_agg(commit_id)::text from stale)` : sql`null::text`
  const columns = [...beforeWriting, leftOut, ...counts]
  const expressions = hasUpdates ? [...locks, sql`stale as (${stale})`, ...writes] : writes
  return compile<Filling>('group', sql`with ${sql.join(expressions)} select ${sql.join(columns)}`)
}

/** The commits that a group's statement left out, by their ids. */
export function staleCommits(answer: Answer): ReadonlySet<unknown> {
  const ids = answer[0]?.[beforeWriting.length]
  const parsed: unknown = typeof ids === 'string' ? JSON.parse(ids) : []
  return new Set(Array.isArray(parsed) ? parsed : [])
}
