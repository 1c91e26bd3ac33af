import { postgresStorage } from '@florin/adapter-postgres'
import { type Actor, createFlorin, type Florin } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createLogger } from '../logger.ts'
import { openDatabase } from './compose.ts'
import { ConfigError, readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import type { Program } from './program.ts'

/** Whoever has the database's password and the encryption key; the audit log names it so. */
export const atTheTerminal: Actor = { id: 'florin-cli', roles: ['admin'] }

/** Runs a command over the configured database alone: Stripe is not asked, so its key does not have to be at hand. */
export async function withFlorinAlone(program: Program, run: (florin: Florin) => Promise<number>): Promise<number> {
  const config = readConfig(program, needs.alone)
  const { ENCRYPTION_KEY: current, ENCRYPTION_KEYS_RETIRED: retired } = config
  if (current === undefined) throw new ConfigError([{ name: 'ENCRYPTION_KEY', message: 'is not set' }])
  const database = openDatabase(config, createLogger({ level: config.LOG_LEVEL }), { max: 2 })
  try {
    const florin = createFlorin({
      storage: postgresStorage({ database: database.database }),
      cipher: nodeCipher({ current, retired }),
      gateway: stripeGateway({ stripe: stripeClient({ secretKey: 'sk_test_unused' }), webhookSecrets: ['unused'] }),
    })
    return await run(florin)
  } finally {
    await database.close()
  }
}
