import { z } from 'zod'
import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { parseInput } from '../input/parse-input.ts'
import { type Page, type PageInput, pageInput, pageQuery, toPage } from '../page.ts'
import { one, page } from '../ports/storage.ts'
import { ofSubscription, subscriptionId } from '../subscriptions/subscription.ts'
import { type Invoice, toInvoice } from './invoice.ts'

/** What `invoices.listBySubscription` takes. */
export interface ListSubscriptionInvoices extends PageInput {
  /** Florin's `subscription_…` or Stripe's `sub_…`. */
  readonly subscriptionId: string
}

export const listSubscriptionInvoicesInput = z.strictObject({ subscriptionId, ...pageInput })

/** Lists the invoices of a subscription; `Invoices.listBySubscription` says what is promised. */
export async function listSubscriptionInvoices(
  { storage }: Pick<Deps, 'storage'>,
  input: ListSubscriptionInvoices,
  actor: Actor,
): Promise<Page<Invoice>> {
  const { subscriptionId, ...place } = parseInput(listSubscriptionInvoicesInput, input)
  const scope = scopeOf(actor, 'invoices:read')
  const { subscription, invoices } = await storage.load({
    subscription: one('subscriptions', { ...keyOf('subscription', subscriptionId), ...scope }),
    invoices: page('invoices', ofSubscription(subscriptionId), pageQuery(place)),
  })
  if (!subscription) throw new InvalidError('subscription_not_found', `no subscription ${subscriptionId}`)
  return toPage(invoices, place.limit, toInvoice)
}
