import { UnavailableError } from '@florin/core'
import { PGliteDialect, type PGliteDialectConfig } from 'kysely'
import type { Database } from './database.ts'

/** The part of a PGlite that this package calls; migrations use it through Kysely. */
export type EmbeddedPostgres = Exclude<PGliteDialectConfig['pglite'], (...args: never) => unknown>

/** Runs Florin's storage on an embedded PGlite: one process, one connection. The caller closes it. */
export function fromPglite(pglite: EmbeddedPostgres): Database {
  return {
    async run({ text }, values) {
      if (pglite.closed) throw new UnavailableError('storage_unavailable', 'PGlite is closed', 'not_applied')
      const { rows } = await pglite.query<readonly unknown[]>(text, [...values], { rowMode: 'array' })
      return rows
    },
    dialect: () => new PGliteDialect({ pglite }),
  }
}
