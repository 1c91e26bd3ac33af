import type Stripe from 'stripe'
import { defineCollection, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import type { Metadata } from '../engine/metadata.ts'

/** A price as it is stored. Decimals are text on the wire, and only become objects inside stripe-node. */
export type StoredPrice = Omit<Stored<Stripe.Price>, 'unit_amount_decimal' | 'tiers' | 'currency_options'> & {
  readonly unit_amount_decimal: string | null
}

/** The plan that each recurring price also is, under the same id. */
export type StoredPlan = Omit<Stored<Stripe.Plan>, 'amount_decimal' | 'tiers'> & {
  readonly amount_decimal: string | null
}

export const prices = defineCollection<StoredPrice>('price')

/** The units of a billing interval. */
export const intervals = ['day', 'week', 'month', 'year'] as const

/** How often a price is due. */
export interface Cadence {
  readonly interval: (typeof intervals)[number]
  readonly interval_count: number
}

/** What a new price is made of. */
export interface NewPrice {
  readonly id?: string
  readonly product: string
  readonly currency: string
  readonly unit_amount_decimal: string
  readonly recurring: Stripe.Price.Recurring | null
  readonly active?: boolean
  readonly lookup_key?: string | null
  readonly metadata?: Metadata
  readonly nickname?: string | null
  readonly tax_behavior?: 'exclusive' | 'inclusive' | 'unspecified'
}

/** Makes a price and emits `price.created`, and `plan.created` for a recurring one. */
export function makePrice(context: Context, input: NewPrice): StoredPrice {
  const price = putPrice(context, input)
  context.emit('price.created', price)
  if (price.recurring !== null) context.emit('plan.created', planOf(price))
  return price
}

/** Stores a price that is simply there, as the seeded ones. */
export const putPrice = (context: Context, input: NewPrice): StoredPrice =>
  context.store.put(prices, {
    id: input.id ?? context.newId('price'),
    object: 'price',
    active: input.active ?? true,
    billing_scheme: 'per_unit',
    created: context.now,
    currency: input.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: input.lookup_key ?? null,
    metadata: input.metadata ?? {},
    nickname: input.nickname ?? null,
    product: input.product,
    recurring: input.recurring,
    tax_behavior: input.tax_behavior ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: input.recurring === null ? 'one_time' : 'recurring',
    unit_amount: /^\d+$/.test(input.unit_amount_decimal) ? Number(input.unit_amount_decimal) : null,
    unit_amount_decimal: input.unit_amount_decimal,
  })

/** The cadence of a recurring price. */
export function cadenceOf(price: StoredPrice): Cadence {
  const interval = intervals.find((unit) => unit === price.recurring?.interval)
  if (price.recurring === null || interval === undefined) throw new Error(`${price.id} is not recurring`)
  return { interval, interval_count: price.recurring.interval_count }
}

/** The old form of a recurring price, which subscription items still carry. */
export function planOf(price: StoredPrice): StoredPlan {
  const { recurring } = price
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: recurring?.interval ?? 'month',
    interval_count: recurring?.interval_count ?? 1,
    livemode: false,
    metadata: price.metadata,
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: recurring?.trial_period_days ?? null,
    usage_type: recurring?.usage_type ?? 'licensed',
  }
}

/** What a quantity costs in minor units: exact, and rounded half up once at the end. */
export function amountOf(price: StoredPrice, quantity: number): number {
  const [whole = '0', fraction = ''] = (price.unit_amount_decimal ?? '0').split('.')
  const scaled = BigInt(whole + fraction.padEnd(12, '0').slice(0, 12)) * BigInt(quantity)
  return Number((scaled + 500_000_000_000n) / 1_000_000_000_000n)
}
