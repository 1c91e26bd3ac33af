import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** A migration of plain SQL: the statements of each direction, one by one, since PGlite takes one at a time. */
export function migrationOf(directions: {
  readonly up: readonly string[]
  readonly down: readonly string[]
}): Migration {
  const run =
    (statements: readonly string[]): Migration['up'] =>
    async (db) => {
      for (const statement of statements) await sql.raw(statement).execute(db)
    }
  return { up: run(directions.up), down: run(directions.down) }
}
