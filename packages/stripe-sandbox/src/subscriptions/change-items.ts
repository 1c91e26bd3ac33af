import type { Context } from '../engine/context.ts'
import { mergeMetadata } from '../engine/metadata.ts'
import { invalidRequest, resourceMissing } from '../engine/stripe-failure.ts'
import { cadenceOf } from '../prices/price.ts'
import { nextBoundary } from './billing-period.ts'
import { chargeRemaining, creditUnused } from './proration.ts'
import type { StoredSubscription, StoredSubscriptionItem } from './subscription.ts'
import { checkTogether, makeItem, priceOfItem, type SentItem, withPrice } from './subscription-items.ts'

/** An item of an update. */
export interface SentChange extends SentItem {
  readonly id?: string
  readonly deleted?: boolean
}

/** The items after a change. One with an id is changed or removed; one without is added. */
export function changedItems(
  context: Context,
  subscription: StoredSubscription,
  sent: readonly SentChange[],
): StoredSubscriptionItem[] {
  let items = subscription.items.data
  for (const [index, change] of sent.entries()) {
    items =
      change.id === undefined
        ? [...items, addedItem(context, subscription, change, index)]
        : items.flatMap((item) => (item.id === change.id ? changedItem(context, item, change, index) : [item]))
    if (change.id !== undefined && !subscription.items.data.some((item) => item.id === change.id)) {
      throw resourceMissing('subscription_item', change.id, { param: `items[${index}][id]` })
    }
  }
  checkTogether(items, subscription.billing_mode.type === 'flexible' ? 'flexible' : 'classic')
  return items
}

function changedItem(
  context: Context,
  item: StoredSubscriptionItem,
  change: SentChange,
  index: number,
): StoredSubscriptionItem[] {
  if (change.deleted === true) return []
  const price = priceOfItem(context, change, `items[${index}]`, { held: item.price.id })
  const priced = price === undefined ? item : withPrice(item, price)
  return [
    {
      ...priced,
      metadata: mergeMetadata(item.metadata, change.metadata),
      quantity: change.quantity ?? item.quantity,
    },
  ]
}

function addedItem(
  context: Context,
  subscription: StoredSubscription,
  change: SentChange,
  index: number,
): StoredSubscriptionItem {
  const price = priceOfItem(context, change, `items[${index}]`)
  if (price === undefined || change.deleted === true) {
    throw invalidRequest(`Missing required param: items[${index}][${price === undefined ? 'price' : 'id'}].`, {
      code: 'parameter_missing',
      param: `items[${index}][${price === undefined ? 'price' : 'id'}]`,
    })
  }
  const wanted = { price, quantity: change.quantity ?? 1, metadata: mergeMetadata({}, change.metadata) }
  const end =
    subscription.status === 'trialing' && subscription.trial_end !== null
      ? subscription.trial_end
      : Math.min(
          nextBoundary(subscription.billing_cycle_anchor, cadenceOf(price), context.now),
          subscription.cancel_at ?? Number.POSITIVE_INFINITY,
        )
  return makeItem(context, subscription.id, wanted, { start: context.now, end })
}

/** Settles the time that a change within a period takes and gives, item by item. */
export function chargeChanges(
  context: Context,
  before: StoredSubscription,
  { items, from }: { items: readonly StoredSubscriptionItem[]; from: number },
): void {
  for (const item of before.items.data) {
    const after = items.find((other) => other.id === item.id)
    if (after !== undefined && costsTheSame(item, after)) continue
    creditUnused(context, { subscription: before, item, from })
    if (after !== undefined) chargeRemaining(context, { subscription: before, item: after, from })
  }
  for (const item of items) {
    if (before.items.data.every((other) => other.id !== item.id)) {
      chargeRemaining(context, { subscription: before, item, from: item.current_period_start })
    }
  }
}

const costsTheSame = (a: StoredSubscriptionItem, b: StoredSubscriptionItem): boolean =>
  a.price.id === b.price.id && a.quantity === b.quantity
