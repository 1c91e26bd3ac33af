import type Stripe from 'stripe'
import { defineCollection, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import type { StoredPlan, StoredPrice } from '../prices/price.ts'

/** A subscription item as it is stored, inside of its subscription. */
export type StoredSubscriptionItem = Omit<Stored<Stripe.SubscriptionItem>, 'price' | 'plan' | 'discounts'> & {
  readonly price: StoredPrice
  readonly plan: StoredPlan
  readonly quantity: number
  readonly discounts: string[]
}

/** A subscription as it is stored. */
export type StoredSubscription = Omit<Stored<Stripe.Subscription>, 'items' | 'discounts' | 'pending_update'> & {
  readonly items: {
    readonly object: 'list'
    readonly data: StoredSubscriptionItem[]
    readonly has_more: false
    readonly url: string
  }
  readonly discounts: string[]
  readonly pending_update: null
}

export const subscriptions = defineCollection<StoredSubscription>('subscription')

/** The list object around the items. */
export const itemList = (id: string, data: StoredSubscriptionItem[]): StoredSubscription['items'] => ({
  object: 'list',
  data,
  has_more: false,
  url: `/v1/subscription_items?subscription=${id}`,
})

/** Ended for good: nothing can bring it back. */
export const isEnded = ({ status }: Pick<StoredSubscription, 'status'>): boolean =>
  status === 'canceled' || status === 'incomplete_expired'

/** The earliest end of its items' periods: the next renewal. */
export const nextPeriodEnd = ({ items }: Pick<StoredSubscription, 'items'>): number =>
  Math.min(...items.data.map((item) => item.current_period_end))

/** The subscription that an invoice belongs to, if any. */
export const findSubscription = (context: Context, id: string | null): StoredSubscription | undefined =>
  id === null ? undefined : context.store.find(subscriptions, id)
