import { migrateDown, migrateToLatest, migrationStatus } from '@florin/adapter-postgres'
import { commandLogger } from './command-logger.ts'
import { readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import { missingMigrations, openDatabase } from './open-database.ts'
import type { GivenFlags, Program } from './program.ts'

/** Changes or shows the tables of the configured database; `check` exits 1 where they lag. */
export async function migrate(program: Program, _: GivenFlags, word: string | undefined): Promise<number> {
  const config = readConfig(program, needs.migrate)
  // A migration may well take longer than a request.
  const open = openDatabase(config, commandLogger(program, config), { max: 1, query_timeout: 0 })
  try {
    // Asked first of all, so that a database that does not answer is told as one.
    const missing = await missingMigrations(open, config)
    if (word === 'up') tell(program, await migrateToLatest(open.database), 'applied', 'The tables are up to date.')
    else if (word === 'down')
      tell(program, await migrateDown(open.database), 'taken back', 'There is nothing to take back.')
    else if (word === 'check') return tellPending(program, missing)
    else {
      for (const { name, appliedAt } of await migrationStatus(open.database)) {
        program.print(`${appliedAt === null ? 'to come' : `applied ${appliedAt}`}  ${name}`)
      }
    }
    return 0
  } finally {
    await open.close()
  }
}

function tell(program: Program, names: readonly string[], what: string, otherwise: string): void {
  for (const name of names) program.print(`${what}  ${name}`)
  if (names.length === 0) program.print(otherwise)
}

/** For scripts that wait for the tables: 1 where this version still lacks some. A newer version's are no concern. */
function tellPending(program: Program, names: readonly string[]): number {
  tell(program, names, 'to come', 'The tables are up to date.')
  return names.length === 0 ? 0 : 1
}
