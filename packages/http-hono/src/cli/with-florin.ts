import { type Database, postgresStorage } from '@florin/adapter-postgres'
import { type Actor, createFlorin, type Florin, isFlorinError, type Observer, type PaymentGateway } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import type { Logger } from '../logger.ts'
import { refuseForeign } from './account-guard.ts'
import { openCallBudget } from './call-budget.ts'
import { commandLogger } from './command-logger.ts'
import { rulesOf } from './compose-app.ts'
import { given, readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import { allObservers, loggingObserver } from './log-happenings.ts'
import { checkMigrations, openDatabase } from './open-database.ts'
import { openRedis } from './open-redis.ts'
import type { Program } from './program.ts'

/** Whoever has the database's password and the encryption key; the audit log names it so. */
export const atTheTerminal: Actor = { id: 'florin-cli', roles: ['admin'] }

/** Runs a command over the configured database and Stripe's API; no server need be running, and any number may. */
export async function withFlorin(
  program: Program,
  run: (florin: Florin, database: Database) => Promise<number>,
  observer?: Observer,
): Promise<number> {
  const config = readConfig(program, needs.florin)
  const [current, secretKey] = [given(config, 'ENCRYPTION_KEY'), given(config, 'STRIPE_SECRET_KEY')]
  const logger = commandLogger(program, config)
  const database = openDatabase(config, logger, { max: 2 })
  // The servers' line, so that what runs here makes no caller wait there.
  const redis = config.STRIPE_RATE_LIMIT_PER_SECOND === 0 ? undefined : await openRedis(config, logger)
  const callBudget = redis && openCallBudget({ ...config, STRIPE_SECRET_KEY: secretKey }, redis, logger)
  try {
    await checkMigrations(database, config)
    const florin = createFlorin({
      storage: postgresStorage({ database: database.database }),
      cipher: nodeCipher({ current, retired: config.ENCRYPTION_KEYS_RETIRED }),
      gateway: stripeGateway({
        stripe: stripeClient({ secretKey, apiBase: config.STRIPE_API_BASE }),
        // No webhook comes here.
        webhookSecrets: ['unused'],
        installation: config.FLORIN_INSTALLATION,
        callBudget,
      }),
      callBudget,
      settings: rulesOf(config),
      observer: observed(logger, observer),
    })
    await refuseOtherAccounts(florin)
    return await run(florin, database.database)
  } finally {
    redis?.disconnect()
    await database.close()
  }
}

/** Runs a command over the configured database alone: Stripe is not asked, so its key does not have to be at hand. */
export async function withFlorinAlone(program: Program, run: (florin: Florin) => Promise<number>): Promise<number> {
  const config = readConfig(program, needs.alone)
  const current = given(config, 'ENCRYPTION_KEY')
  const logger = commandLogger(program, config)
  const database = openDatabase(config, logger, { max: 2 })
  try {
    await checkMigrations(database, config)
    const florin = createFlorin({
      storage: postgresStorage({ database: database.database }),
      cipher: nodeCipher({ current, retired: config.ENCRYPTION_KEYS_RETIRED }),
      gateway: unaskedGateway(),
      observer: observed(logger),
    })
    return await run(florin)
  } finally {
    await database.close()
  }
}

/** What a command meets is logged as servers log it: what is left out because it does not open, above all. */
const observed = (logger: Logger, ...others: readonly (Observer | undefined)[]): Observer =>
  allObservers(loggingObserver(logger), ...others.filter((observer) => observer !== undefined))

/** For commands that ask nothing of Stripe: a gateway with no key of anybody's. */
export const unaskedGateway = (): PaymentGateway =>
  stripeGateway({ stripe: stripeClient({ secretKey: 'sk_test_unused' }), webhookSecrets: ['unused'] })

/** Where Stripe does not tell whose keys these are, the command goes on: without Stripe it comes to nothing. */
async function refuseOtherAccounts({ maintenance }: Florin): Promise<void> {
  const binding = await maintenance.bindAccount().catch((error: unknown) => {
    if (isFlorinError(error)) return undefined
    throw error
  })
  if (binding) refuseForeign(binding)
}
