import type { Query } from '@florin/core'
import { type RawBuilder, sql } from 'kysely'
import { type Compiled, compile, oncePerShape, slot } from './compile.ts'
import type { Answer, Statement } from './database.ts'
import { type Asked, asked, isByKeys, loadStatement, type Parameter, subselects } from './load.ts'
import { loadQueue } from './load-queue.ts'

/** What a query was answered: a text for each of its finds. */
type Texts = Answer[number] | undefined

/** A query and its place among those that are asked together. */
interface Placed {
  readonly query: Query
  readonly place: number
}

/** The queries of a statement, by its parts; those of a part are of one shape. */
type Parts = readonly (readonly Placed[])[]

/** Queries that wait together, and one of each shape that they have. */
interface Line {
  readonly samples: Map<string, Query>
  readonly ask: (asked: Asked) => Promise<Texts>
}

/** So many shapes share a line: a statement has no more than three parts that have nothing to do. */
const MOST_SHAPES = 4

/** How many queries may wait in all. */
const ROOM = 10_000

/**
 * Answers queries together. Those that find by keys stand in line with others that first came about the same time, and are
 * asked by one statement, whatever their shapes. What may take longer, pages of lists and what is due, has a line for each
 * shape. So whatever holds up one line holds up no other.
 */
export function sharedLoads(
  run: (statement: Statement, values: readonly unknown[]) => Promise<Answer>,
  patienceMs: number,
): (query: Query) => Promise<Texts> {
  const room = { left: ROOM }
  const lines = new Map<string, Line>()
  let open: Line | undefined

  const lineOf = (one: Asked): Line => {
    const known = lines.get(one.shape)
    if (known) return known
    const isShared = isByKeys(one)
    const line = isShared && open && open.samples.size < MOST_SHAPES ? open : newLine()
    if (isShared) open = line
    line.samples.set(one.shape, one.query)
    lines.set(one.shape, line)
    return line
  }

  function newLine(): Line {
    const samples = new Map<string, Query>()
    const groupedOf = groupedLoads(samples)
    const askOne = async (one: Asked): Promise<Texts> => {
      const { statement, values } = loadStatement(one)
      const [texts] = await run(statement, values(one.query))
      return texts
    }
    const askAll = async (group: readonly Asked[]): Promise<readonly Texts[]> => {
      const { compiled, parts } = groupedOf(group)
      const places: Texts[] = group.map(() => undefined)
      for (const [place, ...texts] of await run(compiled.statement, compiled.values(parts))) {
        places[Number(place)] = texts
      }
      return places
    }
    return { samples, ask: loadQueue({ askOne, askAll, room, patienceMs }) }
  }

  return (query) => {
    const one = asked(query)
    return lineOf(one).ask(one)
  }
}

/** Makes the statements of a line: one for each shape by itself, and one for all that it has. */
function groupedLoads(samples: ReadonlyMap<string, Query>) {
  const ofShapes = oncePerShape(
    (shapes: readonly string[]) => shapes.join(),
    (shapes) => compileParts(shapes.map((shape) => samples.get(shape) ?? {})),
  )
  return (group: readonly Asked[]): { readonly compiled: Compiled<Parts>; readonly parts: Parts } => {
    const placed = new Map<string, Placed[]>()
    for (const [place, { shape, query }] of group.entries()) {
      const known = placed.get(shape)
      if (known) known.push({ query, place })
      else placed.set(shape, [{ query, place }])
    }
    // In the same order in every process, so that they give a statement the same name.
    const shapes = placed.size === 1 ? [...placed.keys()] : [...samples.keys()].sort()
    return { compiled: ofShapes(shapes), parts: shapes.map((shape) => placed.get(shape) ?? []) }
  }
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
