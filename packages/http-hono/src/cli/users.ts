import { type Erasure, type Florin, isFlorinError } from '@florin/core'
import { CommandError, usageError } from './command-error.ts'
import type { GivenFlags, Program } from './program.ts'
import { untilErased } from './until-erased.ts'
import { atTheTerminal, withFlorin } from './with-florin.ts'

/** Erases a user, and waits for it to come to its end. */
export function users(
  program: Program,
  flags: GivenFlags,
  _: string | undefined,
  userId: string | undefined,
): Promise<number> {
  if (userId === undefined) throw usageError('erase needs the id of a user')
  const cancelSubscriptions = flags.isSet('cancel-subscriptions')
  return withFlorin(program, async (florin) => {
    const erase = () => eraseOnce(florin, userId, cancelSubscriptions)
    const erasure = flags.isSet('no-wait') ? await erase() : await untilErased(erase, (line) => program.complain(line))
    program.print(lineOf(erasure))
    return 0
  })
}

async function eraseOnce(florin: Florin, userId: string, cancelSubscriptions: boolean): Promise<Erasure> {
  try {
    return await florin.users.erase({ userId, cancelSubscriptions }, { actor: atTheTerminal })
  } catch (error) {
    if (!isFlorinError(error) || error.code !== 'user_has_subscriptions') throw error
    throw new CommandError(`${error.message}: give --cancel-subscriptions`, { cause: error })
  }
}

function lineOf({ userId, status, startedAt, erasedAt, nextAttemptAt, waitsFor }: Erasure): string {
  if (status === 'erased') return `${userId}  erased ${erasedAt}`
  const first = waitsFor === 'open_operations' ? ', once its open operations are settled' : ''
  return `${userId}  erasing since ${startedAt}; the servers go on at ${nextAttemptAt}${first}`
}
