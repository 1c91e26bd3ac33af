import type { Change, Commit, StoredTables } from '@florin/core'
import { sql } from 'kysely'
import { cell, compile, oncePerShape, slot } from './compile.ts'
import type { Database } from './database.ts'
import { keyColumns } from './tables.ts'

interface Trace {
  readonly version: number
  readonly commitId: string
}

/** The rows of a commit as they are now: whose version of each is there. */
export type Traces = ReadonlyMap<string, Trace>

type Changes = readonly Change<StoredTables>[]

const place = (table: string, id: string) => `${table} ${id}`

const tracesStatement = oncePerShape(
  (changes: Changes) => changes.map(({ table }) => table).join(' '),
  (changes: Changes) =>
    compile<Changes>(
      'traces',
      sql.join(
        changes.map(({ table }, index) => {
          const isRow = keyColumns(table).map(({ property, name }) => {
            const cells = (given: Changes): Readonly<Record<string, unknown>> => ({ ...given[index]?.row })
            return sql`${cell(name)} = ${slot<Changes>((given) => cells(given)[property])}`
          })
          return sql`select ${sql.lit(table)}::text, t.id, t.version::text, t.commit_id from ${sql.table(table)} as t
            where ${sql.join(isRow, sql` and `)}`
        }),
        sql` union all `,
      ),
    ),
)

/** Reads what became of the rows of a commit. */
export async function readTraces(database: Database, changes: Changes): Promise<Traces> {
  const { statement, values } = tracesStatement(changes)
  const rows = await database.run(statement, values(changes))
  return new Map(
    rows.map(([table, id, version, commitId]) => [
      place(String(table), String(id)),
      { version: Number(version), commitId: String(commitId) },
    ]),
  )
}

/**
 * Whether a commit took effect, from the rows as they are now: `unknown` where every one of them was written again since,
 * which hides whose version came before. A line of the audit log is never written again, so it always tells.
 */
export function tookEffect({ id, changes }: Commit<StoredTables>, traces: Traces): boolean | 'unknown' {
  const told = changes.map(({ table, row, ifAbsent }): boolean | 'unknown' => {
    const now = traces.get(place(table, row.id))
    if (now?.commitId === id) return true
    if (ifAbsent) return 'unknown' // somebody else's row may stand for it
    // Versions go up by one, so the next one above it was either ours or takes our place.
    return (now?.version ?? 0) <= row.version + 1 ? false : 'unknown'
  })
  if (told.includes(true)) return true
  return told.includes(false) ? false : 'unknown'
}
