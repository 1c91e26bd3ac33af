import { postgresRetention, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { commandLogger } from './command-logger.ts'
import { retentionOf } from './compose-app.ts'
import { readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import { checkMigrations, openDatabase } from './open-database.ts'
import type { Program } from './program.ts'
import { unaskedGateway } from './with-florin.ts'

/** Lets go of all that is older than the settings say; servers do the same every hour. */
export async function prune(program: Program): Promise<number> {
  const config = readConfig(program, needs.prune)
  const open = openDatabase(config, commandLogger(program, config), { max: 1 })
  const { database, close } = open
  try {
    await checkMigrations(open, config)
    const florin = createFlorin({
      ...{ storage: postgresStorage({ database }), retention: postgresRetention({ database }) },
      // Nothing is opened, sealed or asked of Stripe.
      cipher: nodeCipher({ current: { id: 'unused', bytes: new Uint8Array(32) } }),
      gateway: unaskedGateway(),
      settings: retentionOf(config),
    })
    const total: Record<string, number> = {}
    for (let isMore = true; isMore; ) {
      const done = await florin.maintenance.prune()
      for (const [what, count] of Object.entries(done.pruned)) total[what] = (total[what] ?? 0) + count
      for (const name of done.made) program.print(`made      ${name}`)
      for (const name of done.dropped) program.print(`dropped   ${name}`)
      isMore = done.isMore
    }
    for (const [what, count] of Object.entries(total)) program.print(`pruned    ${count} ${what.replaceAll('_', ' ')}`)
    return 0
  } finally {
    await close()
  }
}
