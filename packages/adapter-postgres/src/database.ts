import type { Dialect } from 'kysely'

/** A statement as it is sent. Statements with a name are prepared once per connection. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** What a statement answers, each row as its values in the order of the columns. */
export type Answer = readonly (readonly unknown[])[]

/**
 * A PostgreSQL to talk to: see `fromPool` and `fromPglite`.
 *
 * `run` rejects with the driver's own error, except where nothing can have been sent: then with `unavailable`
 * storage_unavailable, `not_applied`.
 */
export interface Database {
  /** Runs one statement by itself, in its own transaction. */
  run(statement: Statement, values: readonly unknown[]): Promise<Answer>
  /** For migrations: a Kysely dialect over the same connections. Destroying its Kysely closes them. */
  dialect(): Dialect
}
