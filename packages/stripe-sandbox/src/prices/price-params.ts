import type Stripe from 'stripe'
import { checkCurrency } from '../charges/currency.ts'
import type { Context } from '../engine/context.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import {
  choice,
  decimal,
  flag,
  integer,
  object,
  type Param,
  type ParamsOf,
  required,
  text,
  unsupported,
} from '../engine/params.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { makeProduct, products } from '../products/product.ts'
import { intervals, makePrice, prices, type StoredPrice } from './price.ts'

/** A three-letter code, read in lower case. */
export const currencyParam = (): Param<string, false> => ({
  required: false,
  read: (value, name) => checkCurrency(text().read(value, name), name),
})

/** How often a recurring price is due, as it is sent. */
export const recurringParam = () =>
  object({
    interval: required(choice(...intervals)),
    interval_count: integer({ min: 1 }),
    meter: unsupported(),
    trial_period_days: integer({ min: 1 }),
    usage_type: licensedOnly(),
  })

const licensedOnly = (): Param<'licensed', false> => ({
  required: false,
  read: (value, name) => (value === 'metered' ? unsupported().read(value, name) : choice('licensed').read(value, name)),
})

const perUnitOnly = (): Param<'per_unit', false> => ({
  required: false,
  read: (value, name) => (value === 'tiered' ? unsupported().read(value, name) : choice('per_unit').read(value, name)),
})

export const createPriceShape = {
  currency: required(currencyParam()),
  active: flag(),
  billing_scheme: perUnitOnly(),
  currency_options: unsupported(),
  custom_unit_amount: unsupported(),
  lookup_key: text({ max: 200 }),
  metadata: metadataParam(),
  nickname: text(),
  product: text(),
  product_data: object({
    active: flag(),
    id: text(),
    metadata: metadataParam(),
    name: required(text()),
    statement_descriptor: text({ max: 22 }),
    tax_code: unsupported(),
    tax_details: unsupported(),
    unit_label: text({ max: 12 }),
  }),
  recurring: recurringParam(),
  tax_behavior: choice('exclusive', 'inclusive', 'unspecified'),
  tiers: unsupported(),
  tiers_mode: unsupported(),
  transfer_lookup_key: flag(),
  transform_quantity: unsupported(),
  unit_amount: integer({ min: 0, max: 99_999_999 }),
  unit_amount_decimal: decimal(),
}

/** Makes a price from what was sent. */
export function createPrice(context: Context, params: ParamsOf<typeof createPriceShape>): StoredPrice {
  const { metadata, unit_amount, unit_amount_decimal, lookup_key: key } = params
  const unit = unitOf({ unit_amount, unit_amount_decimal }, 'unit_amount')
  const product = productFor(context, params)
  if (key !== undefined) takeLookupKey(context, key, params.transfer_lookup_key ?? false)
  return makePrice(context, {
    product,
    currency: params.currency,
    unit_amount_decimal: unit,
    recurring: params.recurring === undefined ? null : recurringOf(params.recurring),
    active: params.active ?? true,
    lookup_key: key ?? null,
    metadata: mergeMetadata({}, metadata),
    nickname: params.nickname ?? null,
    tax_behavior: params.tax_behavior ?? 'unspecified',
  })
}

function productFor(context: Context, params: ParamsOf<typeof createPriceShape>): string {
  const { product, product_data: data } = params
  if (product !== undefined && data !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: product, product_data.')
  }
  if (product !== undefined) return context.inParam(products, product, 'product').id
  if (data !== undefined) return makeProduct(context, { ...data, metadata: mergeMetadata({}, data.metadata) }).id
  throw invalidRequest('You must specify either `product` or `product_data` when creating a price.', {
    code: 'parameter_missing',
    param: 'product',
  })
}

/** The recurring part as it is stored. */
export const recurringOf = (
  sent: ParamsOf<{ interval: Param<Stripe.Price.Recurring['interval'], true> }> & {
    interval_count?: number
    trial_period_days?: number
  },
): Stripe.Price.Recurring => ({
  interval: sent.interval,
  interval_count: sent.interval_count ?? 1,
  meter: null,
  trial_period_days: sent.trial_period_days ?? null,
  usage_type: 'licensed',
})

/** The sum per unit, which comes as a whole number or as a decimal, never as both. */
export function unitOf(
  sent: { readonly unit_amount?: number | undefined; readonly unit_amount_decimal?: string | undefined },
  param: string,
): string {
  if (sent.unit_amount !== undefined && sent.unit_amount_decimal !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: unit_amount, unit_amount_decimal.')
  }
  if (sent.unit_amount !== undefined) return String(sent.unit_amount)
  if (sent.unit_amount_decimal === undefined) {
    throw invalidRequest('Missing required param: unit_amount.', { code: 'parameter_missing', param })
  }
  if (sent.unit_amount_decimal.startsWith('-')) throw invalidRequest('Invalid non-negative decimal', { param })
  const [whole = '0', fraction = ''] = sent.unit_amount_decimal.split('.')
  const kept = fraction.replace(/0+$/, '')
  return kept === '' ? String(BigInt(whole)) : `${BigInt(whole)}.${kept}`
}

/** A lookup key names one price at a time; it is moved only on request. */
export function takeLookupKey(context: Context, key: string, transfer: boolean, taker?: string): void {
  const holder = context.store.all(prices).find((price) => price.lookup_key === key && price.active)
  if (holder === undefined || holder.id === taker) return
  if (!transfer) {
    throw invalidRequest(`A price (\`${holder.id}\`) already uses that lookup key.`, { param: 'lookup_key' })
  }
  const released = context.store.update(prices, holder.id, { lookup_key: null })
  context.emit('price.updated', released, { lookup_key: key })
}
