import { deleteCustomerUseCase } from '../customers/delete-customer.ts'
import { userSubject } from '../data-keys/data-key.ts'
import { DATA_KEY_MEMORY_MS } from '../data-keys/key-store.ts'
import type { Deps } from '../deps.ts'
import { isFlorinError, UnavailableError } from '../errors.ts'
import { isStillOpen } from '../operations/in-progress.ts'
import type { OperationRow } from '../operations/operation.ts'
import { perform } from '../operations/perform.ts'
import type { Caller } from '../operations/use-case.ts'
import { resumeOf } from '../operations/use-cases.ts'
import { many, write } from '../ports/storage.ts'
import { cancelSubscription } from '../subscriptions/cancel-subscription.ts'
import { isEnded } from '../subscriptions/subscription.ts'
import { milliseconds, timestamp } from '../time.ts'
import { dropBodies } from './drop-bodies.ts'
import { type ClosedKey, type Erasure, eraseEntry, isClosedRow, toErasure } from './erasure.ts'
import { stripEvents } from './strip-events.ts'

/**
 * How long after the key was closed some process may not know of it. It looks at a key again after a minute by its own
 * clock; the other minute is for a commit that was on its way then, and for clocks that differ.
 */
export const UNTIL_EVERYBODY_KNOWS_MS = 2 * DATA_KEY_MEMORY_MS

const MOST_TRIES = 20

/**
 * Does what is left to do of an erasure whose key is closed, as far as it can be done now. Each step finds by itself what
 * is to do, so it does not matter how often it is begun or where it was broken off.
 *
 * @throws `refused` operation_in_progress · `unavailable` storage_unavailable, gateway_unavailable,
 *   gateway_outcome_unknown
 */
export async function goOnErasing(deps: Deps, userId: string, caller: Caller): Promise<Erasure> {
  // Before the wait, so that nobody is charged meanwhile; after it again, for what a process began that did not know.
  const ended = await endAtGateway(deps, userId, caller)
  const closed = await closedKey(deps, userId)
  const everybodyKnowsAt = milliseconds(closed.closedAt) + UNTIL_EVERYBODY_KNOWS_MS
  if (deps.runtime.now() < everybodyKnowsAt) return toErasure(userId, closed, 'other_processes')
  // What is open is sealed under the key that has to go, and may have to be sent again.
  if (!(await settleOpen(deps, userId))) return toErasure(userId, closed, 'open_operations')
  const bodies = await dropBodies(deps, userId)
  // After what was open was settled, which may have brought more of them.
  const events = await stripEvents(deps, userId)
  return destroy(deps, userId, caller, { ...ended, bodies, events })
}

async function endAtGateway(deps: Deps, userId: string, caller: Caller) {
  const { subscriptions, customers } = await deps.storage.load({
    subscriptions: many('subscriptions', { userId }),
    customers: many('customers', { userId }),
  })
  const running = subscriptions.filter((subscription) => !isEnded(subscription))
  for (const { id } of running) await cancelSubscription(deps, { id }, caller)
  const known = customers.filter((customer) => !customer.deleted)
  for (const { id: customerId } of known) await perform(deps, deleteCustomerUseCase, { userId, customerId }, caller)
  return { subscriptions: running.length, customers: known.length }
}

async function closedKey(deps: Deps, userId: string): Promise<ClosedKey> {
  const { keys } = await deps.storage.load({ keys: many('data_keys', { subject: userSubject(userId) }) })
  const current = keys.find((key) => key.isCurrent)
  if (isClosedRow(current)) return current
  throw new UnavailableError('overloaded', `the erasure of user ${userId} has not begun`, 'not_applied')
}

/** Settles the open operations of the user. Answers whether none is left. */
async function settleOpen(deps: Deps, userId: string): Promise<boolean> {
  const { open } = await deps.storage.load({ open: many('operations', { userId, status: 'open' }) })
  const now = timestamp(deps.runtime.now())
  let left = 0
  for (const operation of open) {
    const isTaken = operation.dueAt !== null && operation.dueAt > now
    if (isTaken || !(await settles(deps, operation))) left += 1
  }
  return left === 0
}

async function settles(deps: Deps, operation: OperationRow): Promise<boolean> {
  try {
    await resumeOf[operation.kind](deps, operation)
    return true
  } catch (error) {
    // Recovery tells of what breaks whoever takes it up; here it is one that is left.
    return isFlorinError(error) && !isStillOpen(error)
  }
}

/** Destroys all keys of the user. What is sealed under them opens for nobody any more. */
async function destroy(
  deps: Deps,
  userId: string,
  caller: Caller,
  done: Readonly<Record<string, number>>,
): Promise<Erasure> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const { keys } = await deps.storage.load({ keys: many('data_keys', { subject: userSubject(userId) }) })
    const current = keys.find((key) => key.isCurrent)
    if (isClosedRow(current) && current.destroyedAt !== null) return toErasure(userId, current)
    const now = timestamp(deps.runtime.now())
    const gone = keys.map((key) => ({
      ...key,
      ...{ wrapped: null, wrappedBy: null, destroyedAt: now, dueAt: null, updatedAt: now },
    }))
    const line = eraseEntry(deps, userId, caller, 'succeeded', done)
    const changes = [...gone.map((key) => write('data_keys', key)), write('audit_log', line)]
    if ((await deps.storage.commit({ id: deps.newId('commit'), changes })) === 'conflict') continue
    const mark = gone.find((key) => key.isCurrent)
    if (isClosedRow(mark)) return toErasure(userId, mark)
  }
  throw new UnavailableError('overloaded', `too many requests change the keys of user ${userId}`, 'not_applied')
}
