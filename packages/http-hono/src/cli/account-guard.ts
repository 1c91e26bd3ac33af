import { setTimeout } from 'node:timers/promises'
import { type AccountBinding, type GatewayAccount, isFlorinError } from '@florin/core'
import type { Logger } from '../logger.ts'
import { CommandError, exitCodes } from './command-error.ts'
import { later } from './later.ts'

/** How long a start waits for Stripe, and how long after it is asked again where it did not answer. */
const START_MS = 3000
const AGAIN_MS = 60_000

/** Keeps a server from running with the keys of another account than the database's. */
export interface AccountGuard {
  /**
   * Asks whose keys these are. A Stripe that does not tell stops nothing: it is asked again, in the background.
   *
   * @throws CommandError with exit code 78 where they are another account's, or of the other mode
   */
  check(): Promise<void>
  /** Resolves where that turns out only later. */
  readonly refused: Promise<CommandError>
}

/** Makes a server's guard. A start goes on after 3 seconds without an answer; Stripe is asked again every minute. */
export function accountGuard(bind: () => Promise<AccountBinding>, logger: Logger): AccountGuard {
  const refused = later<CommandError>()
  const ask = async (): Promise<boolean> => {
    try {
      refuseForeign(await bind())
      return true
    } catch (error) {
      if (!isFlorinError(error)) throw error
      logger.warn({ err: error }, 'it is not known yet whether the secret key belongs to this database: asked again')
      return false
    }
  }
  const askOn = async (first: Promise<boolean>): Promise<void> => {
    for (let isKnown = await first; !isKnown; isKnown = await ask())
      await setTimeout(AGAIN_MS, undefined, { ref: false })
  }
  return {
    refused: refused.promise,
    async check() {
      const first = ask()
      const late = setTimeout(START_MS, 'late' as const, { ref: false })
      // An error of the first answer is the start's own; a later one stops the server.
      await Promise.race([first, late])
      askOn(first).catch(refused.resolve)
    },
  }
}

/** @throws CommandError with exit code 78 */
export function refuseForeign(binding: AccountBinding): void {
  if (binding.isOurs) return
  const { stored, given } = binding
  const message = `the database belongs to Stripe's account ${nameOf(stored)}, and STRIPE_SECRET_KEY is of ${nameOf(given)}: set the key of that account, or another database`
  throw new CommandError(message, { exitCode: exitCodes.config })
}

const nameOf = ({ id, livemode }: Partial<GatewayAccount>): string =>
  [id, livemode ? 'live mode' : 'test mode'].filter((part) => part !== undefined).join(' in ')
