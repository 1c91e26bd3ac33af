import type { Context } from '../engine/context.ts'
import { type Metadata, type MetadataPatch, mergeMetadata } from '../engine/metadata.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { cadenceOf, makePrice, planOf, prices, type StoredPrice } from '../prices/price.ts'
import { recurringOf, unitOf } from '../prices/price-params.ts'
import { products } from '../products/product.ts'
import { type Period, sameCadence } from './billing-period.ts'
import type { StoredSubscription, StoredSubscriptionItem } from './subscription.ts'

/** An item as it was asked for, with its price found. */
export interface WantedItem {
  readonly price: StoredPrice
  readonly quantity: number
  readonly metadata: Metadata
}

/** An item as it is sent. */
export interface SentItem {
  readonly price?: string
  readonly plan?: string
  readonly price_data?: {
    readonly currency: string
    readonly product: string
    readonly recurring: { readonly interval: 'day' | 'week' | 'month' | 'year'; readonly interval_count?: number }
    readonly unit_amount?: number
    readonly unit_amount_decimal?: string
  }
  readonly quantity?: number
  readonly metadata?: MetadataPatch
}

/** Finds the price of an item; `at` is its name in the request, e.g. `items[0]`. The price it `held` may be inactive. */
export function priceOfItem(
  context: Context,
  sent: SentItem,
  at: string,
  { held }: { held?: string } = {},
): StoredPrice | undefined {
  const { price_data: data } = sent
  const id = sent.price ?? sent.plan
  if (id === undefined && data === undefined) return undefined
  if (id !== undefined && data !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: price, price_data.', { param: at })
  }
  if (data !== undefined) {
    return makePrice(context, {
      product: context.inParam(products, data.product, `${at}[price_data][product]`).id,
      currency: data.currency,
      unit_amount_decimal: unitOf(data, `${at}[price_data][unit_amount]`),
      recurring: recurringOf(data.recurring),
      active: false,
    })
  }
  const param = `${at}[${sent.price === undefined ? 'plan' : 'price'}]`
  const price = context.inParam(prices, id ?? '', param)
  if (price.recurring === null) {
    throw invalidRequest(
      'The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.',
      { param },
    )
  }
  if (!price.active && price.id !== held) {
    throw invalidRequest('The price specified is inactive. This field only accepts active prices.', { param })
  }
  return price
}

/** Reads the items of a new subscription. */
export function wantedItems(context: Context, sent: readonly SentItem[]): WantedItem[] {
  return sent.map((item, index) => {
    const price = priceOfItem(context, item, `items[${index}]`)
    if (price === undefined) {
      throw invalidRequest(`Missing required param: items[${index}][price].`, {
        code: 'parameter_missing',
        param: `items[${index}][price]`,
      })
    }
    return { price, quantity: item.quantity ?? 1, metadata: mergeMetadata({}, item.metadata) }
  })
}

/** Refuses prices that cannot be billed together. Only flexible subscriptions may mix intervals. */
export function checkTogether(items: readonly Pick<WantedItem, 'price'>[], mode: 'classic' | 'flexible'): void {
  const [first] = items
  if (first === undefined) {
    throw invalidRequest('A subscription must have at least one item.', { param: 'items' })
  }
  for (const [index, { price }] of items.entries()) {
    const twin = items.findIndex((other) => other.price.id === price.id)
    if (twin !== index) {
      throw invalidRequest(`Cannot add multiple subscription items with the same plan: \`${price.id}\``, {
        param: 'items',
      })
    }
    if (price.currency !== first.price.currency) {
      throw invalidRequest(
        'Currency and interval fields must match across all plans on this subscription. Found mismatch in currency field.',
      )
    }
    if (mode === 'classic' && !sameCadence(cadenceOf(price), cadenceOf(first.price))) {
      throw invalidRequest(
        'Currency and interval fields must match across all plans on this subscription. Found mismatch in interval field.',
      )
    }
  }
}

/** Makes an item. */
export function makeItem(
  context: Context,
  subscription: string,
  { price, quantity, metadata }: WantedItem,
  period: Period,
): StoredSubscriptionItem {
  return {
    id: context.newId('si', 14),
    object: 'subscription_item',
    billing_thresholds: null,
    created: context.now,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata,
    plan: planOf(price),
    price,
    quantity,
    subscription,
    tax_rates: [],
  }
}

/** The item with another price, quantity or period. */
export const withPrice = (item: StoredSubscriptionItem, price: StoredPrice): StoredSubscriptionItem => ({
  ...item,
  plan: planOf(price),
  price,
})

/** The currency of all its items. */
export const currencyOfItems = (items: readonly WantedItem[]): string => items[0]?.price.currency ?? 'usd'

/** What an item is paid for now. */
export const periodOf = (item: StoredSubscriptionItem): Period => ({
  start: item.current_period_start,
  end: item.current_period_end,
})

/** Every item with another period. */
export const withPeriods = (
  subscription: StoredSubscription,
  periodFor: (item: StoredSubscriptionItem) => Period,
): StoredSubscriptionItem[] =>
  subscription.items.data.map((item) => {
    const { start, end } = periodFor(item)
    return { ...item, current_period_start: start, current_period_end: end }
  })
