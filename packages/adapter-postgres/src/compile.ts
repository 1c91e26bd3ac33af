import { createHash } from 'node:crypto'
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
} from 'kysely'
import type { Statement } from './database.ts'

/** A statement with what fills its parameters, from the thing that it is run for. */
export interface Compiled<Input> {
  readonly statement: Statement
  readonly values: (input: Input) => readonly unknown[]
}

/** Stands in a statement for a parameter. */
interface Slot<Input> {
  readonly fill: (input: Input) => unknown
}

const compiler = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** A parameter whose value is known only when the statement runs. */
export const slot = <Input>(fill: (input: Input) => unknown): RawBuilder<unknown> =>
  sql`${{ fill } satisfies Slot<Input>}`

/** A column of the table that a statement calls `t`. */
export const cell = (name: string): RawBuilder<unknown> => sql.ref(`t.${name}`)

/** Turns SQL with slots into text, once; its name follows from the text, so that every process gives it the same one. */
export function compile<Input>(purpose: string, query: RawBuilder<unknown>): Compiled<Input> {
  const { sql: text, parameters } = query.compile(compiler)
  const name = `florin_${purpose}_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
  const slots = parameters as readonly Slot<Input>[] // only slots are put into statements; their texts hold the rest
  return { statement: { name, text }, values: (input) => slots.map(({ fill }) => fill(input)) }
}

/** Remembers what was made for a shape: shapes come from the code's own queries, so there are few. */
export function oncePerShape<Input, Made>(shapeOf: (input: Input) => string, make: (input: Input) => Made) {
  const made = new Map<string, Made>()
  return (input: Input): Made => {
    const shape = shapeOf(input)
    const known = made.get(shape)
    if (known) return known
    const fresh = make(input)
    made.set(shape, fresh)
    return fresh
  }
}
