import type { Query } from '@florin/core'
import { type RawBuilder, sql } from 'kysely'
import { type Compiled, compile, oncePerShape, slot } from './compile.ts'
import { covering } from './covering.ts'
import type { Answer } from './database.ts'
import { type Asked, type Parameter, subselects } from './load.ts'

/** A query and its place among those that are asked together. */
interface Placed {
  readonly query: Query
  readonly place: number
}

/** The queries of a statement, by its parts; those of a part are of one shape. */
type Parts = readonly (readonly Placed[])[]

/** A statement for several queries, and what fills it. */
interface Grouped {
  readonly compiled: Compiled<Parts>
  readonly parts: Parts
}

/** Finds or makes the statements of queries of any shapes: one for all of them, as a rule. */
export function groupedLoads(): (group: readonly Asked[]) => readonly Grouped[] {
  const ofOneShape = oncePerShape(
    ({ shape }: Asked) => shape,
    ({ query }) => compileParts([query]),
  )
  const ofShapes = covering<Compiled<Parts>>()
  return (group) => {
    const byShape = new Map<string, { readonly first: Asked; readonly placed: Placed[] }>()
    for (const [place, asked] of group.entries()) {
      const known = byShape.get(asked.shape)
      if (known) known.placed.push({ query: asked.query, place })
      else byShape.set(asked.shape, { first: asked, placed: [{ query: asked.query, place }] })
    }
    const shapes = [...byShape].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ofShape]) => ofShape)
    const names = shapes.map(({ first }) => first.shape)
    const found = shapes.length > 1 ? ofShapes(names, () => compileParts(shapes.map(({ first }) => first.query))) : null
    return found
      ? [{ compiled: found.made, parts: found.names.map((shape) => byShape.get(shape)?.placed ?? []) }]
      : shapes.map(({ first, placed }) => ({ compiled: ofOneShape(first), parts: [placed] }))
  }
}

/** What was answered to each of so many queries. */
export function inPlaces(answer: Answer, count: number): readonly Answer[number][] {
  const places: Answer[number][] = Array.from({ length: count }, () => [])
  for (const [place, ...texts] of answer) places[Number(place)] = texts
  return places
}

/**
 * One statement for queries of some shapes: for each shape the subselects of its query, for each of the given rows of
 * parameters. It answers the place of each query, and its texts.
 */
function compileParts(samples: readonly Query[]): Compiled<Parts> {
  const width = Math.max(...samples.map((query) => Object.keys(query).length))
  const selects = samples.map((sample, part) => {
    const fills: ((query: Query) => unknown)[] = []
    const definitions = [sql`place integer`]
    const parameter: Parameter = (type, fill) => {
      const name = `p${fills.push(fill)}`
      definitions.push(sql`${sql.ref(name)} ${sql.raw(type)}`)
      return sql.ref(`g.${name}`)
    }
    const columns: RawBuilder<unknown>[] = subselects(sample, parameter)
    while (columns.length < width) columns.push(sql`null::text`)
    const given = slot((parts: Parts) =>
      JSON.stringify(
        (parts[part] ?? []).map(({ query, place }) => ({
          ...Object.fromEntries(fills.map((fill, index) => [`p${index + 1}`, fill(query)])),
          place,
        })),
      ),
    )
    return sql`select g.place, ${sql.join(columns)} from json_to_recordset(${given}::json) as g(${sql.join(definitions)})`
  })
  return compile<Parts>('loads', sql.join(selects, sql` union all `))
}
