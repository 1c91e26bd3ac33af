import { canonicalJson, fingerprint } from '../json.ts'
import type { Timestamp } from '../time.ts'

/**
 * The join: how what is stored and what was observed become one state, in any order and any number of deliveries.
 *
 * A row is a product of groups of fields. A group's place in the order is (rank, stamp): the rank of its state first (a
 * final state is never left), then Stripe's own time. The higher place wins. At an equal place the different values are
 * kept side by side; one wins if each other one is known to have come before it (the event's `previous_attributes`).
 * What is left is *in doubt*: the row shows one of them, the same whatever the order of arrival, and is marked to be
 * read again. This is a join-semilattice (a set union under a lexicographic order), which join.test.ts checks.
 */
interface Place {
  readonly rank: number
  /** Stripe's time in whole seconds: `event.created`, or the `Date` of an answer. Never the local clock. */
  readonly stamp: number
  /** Fingerprint of the value that this one replaced, where the event told. */
  readonly after?: string
}

/** One of several values seen at the same place. */
interface Seen {
  readonly value: Readonly<Record<string, unknown>>
  readonly after?: string
}

/** The part of a row that the join keeps. */
export interface Observed {
  /** Each group's place, by the group's name; a group that was never observed is absent. */
  readonly observed: Readonly<Record<string, Place>>
  /** For groups with more than one value at their place: all of them. */
  readonly ties: Readonly<Record<string, readonly Seen[]>> | null
  readonly inDoubt: boolean
  /** When to read it again at the gateway: at once in doubt, now and then while not final, else never. */
  readonly dueAt: Timestamp | null
}

/** What a row holds before anything was observed. */
export const unobserved: Observed = { observed: {}, ties: null, inDoubt: false, dueAt: null }

/** A group of columns that one source always tells together. */
export interface Group<Row, Field extends keyof Row> {
  readonly name: string
  readonly fields: readonly Field[]
  /** The rank of a value: higher ones are never left for lower ones. */
  rank(facts: Pick<Row, Field>): number
}

/** A value of a group as observed. */
export interface Sighting<Facts> {
  readonly facts: Facts
  readonly stamp: number
  /** The value before this one, where the event told it. */
  readonly before?: Facts
}

// Beyond this many different values in one second only the fact of the doubt is kept.
const MOST_TIES = 8

/**
 * Folds one sighting of a group into a row. Pure; answers the same row where nothing changes.
 *
 * `sent` is the row as it was known when a request was sent whose answer this is: the answer came after it by cause,
 * also within one second.
 */
export function fold<Row extends Observed, Field extends keyof Row & string>(
  row: Row,
  group: Group<Row, Field>,
  sighting: Sighting<Pick<Row, Field>> | undefined,
  sent?: Row,
): Row {
  if (!sighting) return row
  const facts = pick(sighting.facts, group.fields)
  const place = { rank: group.rank(facts), stamp: sighting.stamp }
  const current = row.observed[group.name]
  const before = sighting.before ?? (sent?.observed[group.name] && sent)
  const after = before && fingerprint(pick(before, group.fields))
  // An event that changed other fields only says nothing of this group's order.
  const seen = { value: facts, ...(after !== undefined && after !== fingerprint(facts) && { after }) }

  const order = current ? place.rank - current.rank || place.stamp - current.stamp : 1
  if (order < 0) return row
  if (order > 0) return settle(row, group, place, [seen])
  const known = valuesOf(row, group)
  const asked = sent && sameOrder(sent.observed[group.name], place) ? valuesOf(sent, group) : []
  const isFacts = ({ value }: Seen) => canonicalJson(value) === canonicalJson(facts)
  const ends = last([...asked, seen])
  // What was changed and changed back within the second goes round in a circle. An answer came after all of it.
  if (ends.length === 0 || !ends.every(isFacts)) {
    const since = known.filter((one) => !asked.some((old) => canonicalJson(old) === canonicalJson(one)))
    const others = asked.filter((one) => !isFacts(one))
    return settle(row, group, place, [...since, { value: facts, after: fingerprint(shown(others)) }])
  }
  if (known.some((one) => canonicalJson(one) === canonicalJson(seen))) return row
  return settle(row, group, place, [...known, seen])
}

/** All values of a group that are known at its place. */
function valuesOf<Row extends Observed, Field extends keyof Row & string>(
  row: Row,
  { name, fields }: Group<Row, Field>,
): readonly Seen[] {
  const after = row.observed[name]?.after
  return row.ties?.[name] ?? [{ value: pick(row, fields), ...(after !== undefined && { after }) }]
}

const sameOrder = (one: Place | undefined, other: Place): boolean =>
  one?.rank === other.rank && one.stamp === other.stamp

function settle<Row extends Observed, Field extends keyof Row & string>(
  row: Row,
  group: Group<Row, Field>,
  place: { rank: number; stamp: number },
  values: readonly Seen[],
): Row {
  const seen = distinct(values)
  const { [group.name]: _, ...otherTies } = row.ties ?? {}
  const ties = seen.length > 1 ? { ...otherTies, [group.name]: seen } : otherTies
  const after = seen.length === 1 ? seen[0]?.after : undefined
  const observed = { ...row.observed, [group.name]: { ...place, ...(after !== undefined && { after }) } }
  const doubts = [
    ...Object.values(ties).map(isDoubtful),
    ...Object.values(observed).map((one) => one.after === TOO_MANY),
  ]
  return {
    ...row,
    ...shown(seen),
    observed,
    ties: Object.keys(ties).length > 0 ? ties : null,
    inDoubt: doubts.includes(true),
  }
}

// In the place of a predecessor's fingerprint: there were more values than are kept, and nothing can be told of them.
const TOO_MANY = 'too many'

function distinct(values: readonly Seen[]): readonly Seen[] {
  if (values.length === 1) return values
  const byText = new Map(values.map((seen) => [canonicalJson(seen), seen]))
  const sorted = [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, seen]) => seen)
  if (sorted.length <= MOST_TIES && !sorted.some((seen) => seen.after === TOO_MANY)) return sorted
  // Which one is shown must not depend on the order in which they came, so the greatest of all is.
  return [{ value: greatest(sorted), after: TOO_MANY }]
}

/** The values that none of the others is known to have followed. */
function last(seen: readonly Seen[]): readonly Seen[] {
  const overtaken = new Set(seen.map((one) => one.after))
  return seen.filter((one) => !overtaken.has(fingerprint(one.value)))
}

const isDoubtful = (seen: readonly Seen[]): boolean =>
  new Set(last(seen).map((one) => canonicalJson(one.value))).size !== 1

/** The value that a row shows: the one that came last where that is known, else the same one for the same set. */
function shown(seen: readonly Seen[]): Seen['value'] {
  const [only] = seen
  if (only && seen.length === 1) return only.value
  const candidates = last(seen)
  return greatest(candidates.length > 0 ? candidates : seen)
}

const greatest = (seen: readonly Seen[]): Seen['value'] =>
  seen.reduce((best, one) => (canonicalJson(one.value) > canonicalJson(best.value) ? one : best)).value

function pick<Source, Field extends keyof Source>(source: Source, fields: readonly Field[]): Pick<Source, Field> {
  const picked: Partial<Pick<Source, Field>> = {}
  for (const field of fields) picked[field] = source[field]
  return picked as Pick<Source, Field>
}

/** Ranks of the statuses that are never left for a lower one; every other status ranks 0. */
export function rankBy<Status extends string>(ranks: Partial<Record<Status, number>>): (status: Status) => number {
  return (status) => ranks[status] ?? 0
}
