import { z } from 'zod'
import { scopeOf } from '../actor.ts'
import { dataKeyRow, userSubject } from '../data-keys/data-key.ts'
import { currentKeyOf } from '../data-keys/key-store.ts'
import type { Deps } from '../deps.ts'
import { InvalidError, RefusedError, UnavailableError } from '../errors.ts'
import { userId } from '../input/fields.ts'
import { parseInput } from '../input/parse-input.ts'
import type { Caller } from '../operations/use-case.ts'
import { many, page, write } from '../ports/storage.ts'
import { cancelSubscription } from '../subscriptions/cancel-subscription.ts'
import { isEnded } from '../subscriptions/subscription.ts'
import { timestamp } from '../time.ts'
import { type ClosedKey, type Erasure, eraseEntry, isClosedRow, toErasure } from './erasure.ts'
import { goOnErasing, UNTIL_EVERYBODY_KNOWS_MS } from './go-on-erasing.ts'

/** What `users.erase` takes. */
export interface EraseUser {
  /** Your own id of the user. It is closed for good: who comes back needs a new one. */
  readonly userId: string
  /** Cancels what still runs, at once; nothing is refunded. Off, as where absent: who has a running one is refused. */
  readonly cancelSubscriptions?: boolean | undefined
}

export const eraseUserInput = z.strictObject({
  userId,
  cancelSubscriptions: z.boolean().default(false),
})

/** Erases a user; `Users.erase` says what is promised. */
export async function eraseUser(
  deps: Deps,
  input: EraseUser,
  caller: Pick<Caller, 'actor' | 'requestId'>,
): Promise<Erasure> {
  const { userId, cancelSubscriptions } = parseInput(eraseUserInput, input)
  scopeOf(caller.actor, 'users:erase')
  const closed = await close(deps, { userId, cancelSubscriptions }, caller)
  return closed.destroyedAt === null ? goOnErasing(deps, userId, caller) : toErasure(userId, closed)
}

const MOST_TRIES = 20

/** Closes the user's key: from now on nothing personal is sealed under it, and it marks the user as erased. */
async function close(
  deps: Deps,
  { userId, cancelSubscriptions }: z.output<typeof eraseUserInput>,
  caller: Caller,
): Promise<ClosedKey> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const { key, customers, subscriptions, payments } = await deps.storage.load({
      key: currentKeyOf(userSubject(userId)),
      customers: many('customers', { userId }),
      subscriptions: many('subscriptions', { userId }),
      payments: page('transactions', { userId }, { limit: 1 }),
    })
    if (isClosedRow(key)) return key
    if (!key && customers.length === 0 && subscriptions.length === 0 && payments.length === 0) {
      throw new InvalidError('user_not_found', `nothing is stored of a user ${userId}`)
    }
    const running = subscriptions.filter((subscription) => !isEnded(subscription))
    if (running.length > 0 && !cancelSubscriptions) {
      const message = `the user has ${running.length} running subscriptions; cancel them first, or have them canceled`
      throw new RefusedError('user_has_subscriptions', message, { objectId: running[0]?.id ?? '' })
    }
    for (const { id } of running) await cancelSubscription(deps, { id }, caller)

    const now = timestamp(deps.runtime.now())
    const nothing = { id: deps.newId('key'), subject: userSubject(userId), wrapped: null, wrappedBy: null }
    const closed = {
      ...(key ?? dataKeyRow(nothing, now)),
      ...{ closedAt: now, updatedAt: now, dueAt: timestamp(deps.runtime.now() + UNTIL_EVERYBODY_KNOWS_MS) },
    }
    const changes = [write('data_keys', closed), write('audit_log', eraseEntry(deps, userId, caller, 'intended', {}))]
    const outcome = await deps.storage.commit({ id: deps.newId('commit'), changes })
    if (outcome === 'committed') return { ...closed, version: closed.version + 1 }
  }
  throw new UnavailableError('overloaded', `too many requests change what belongs to user ${userId}`, 'not_applied')
}
