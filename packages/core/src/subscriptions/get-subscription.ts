import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { parseInput } from '../input/parse-input.ts'
import { one } from '../ports/storage.ts'
import { type Subscription, subscriptionId, toSubscription } from './subscription.ts'

/** Reads a subscription; `Subscriptions.get` says what is promised. */
export async function getSubscription(
  { storage }: Pick<Deps, 'storage'>,
  id: string,
  actor: Actor,
): Promise<Subscription> {
  const where = { ...keyOf('subscription', parseInput(subscriptionId, id)), ...scopeOf(actor, 'subscriptions:read') }
  const { subscription } = await storage.load({ subscription: one('subscriptions', where) })
  if (!subscription) throw new InvalidError('subscription_not_found', `no subscription ${id}`)
  return toSubscription(subscription, { withSecret: subscription.userId === actor.id })
}
