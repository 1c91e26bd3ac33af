import { z } from 'zod'
import { type Actor, mayActFor } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { userId } from '../input/fields.ts'
import { parseInput } from '../input/parse-input.ts'
import { type Page, type PageInput, pageInput, pageQuery, toPage } from '../page.ts'
import { page } from '../ports/storage.ts'
import { type Subscription, toSubscription } from './subscription.ts'

/** What `subscriptions.list` takes. */
export interface ListSubscriptions extends PageInput {
  /** Whose subscriptions: your own id of the user. */
  readonly userId: string
}

export const listSubscriptionsInput = z.strictObject({ userId, ...pageInput })

/** Lists a user's subscriptions; `Subscriptions.list` says what is promised. */
export async function listSubscriptions(
  { storage }: Pick<Deps, 'storage'>,
  input: ListSubscriptions,
  actor: Actor,
): Promise<Page<Subscription>> {
  const { userId, ...place } = parseInput(listSubscriptionsInput, input)
  mayActFor(actor, 'subscriptions:read', userId)
  const { subscriptions } = await storage.load({ subscriptions: page('subscriptions', { userId }, pageQuery(place)) })
  return toPage(subscriptions, place.limit, (row) => toSubscription(row, { withSecret: false }))
}
