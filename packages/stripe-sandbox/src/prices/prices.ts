import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { createdWithin, pageOf } from '../engine/page.ts'
import {
  choice,
  createdFilter,
  flag,
  list,
  object,
  type ParamsOf,
  pageShape,
  text,
  unsupported,
} from '../engine/params.ts'
import { changeAndEmit } from '../engine/previous-attributes.ts'
import { route, type Slice } from '../engine/slice.ts'
import { putProduct } from '../products/product.ts'
import { intervals, prices, putPrice, type StoredPrice } from './price.ts'
import { createPrice, createPriceShape, recurringOf, takeLookupKey } from './price-params.ts'

const updateShape = {
  active: flag(),
  currency_options: unsupported(),
  lookup_key: text({ max: 200 }),
  metadata: metadataParam(),
  nickname: text(),
  tax_behavior: choice('exclusive', 'inclusive', 'unspecified'),
  transfer_lookup_key: flag(),
}

function updatePrice(
  context: Context,
  id: string,
  { metadata, transfer_lookup_key: transfer, lookup_key: key, ...params }: ParamsOf<typeof updateShape>,
): StoredPrice {
  const before = context.inPath(prices, id)
  if (key !== undefined) takeLookupKey(context, key, transfer ?? false, id)
  const patch: Partial<StoredPrice> = {
    ...definedOnly({
      active: params.active,
      lookup_key: key,
      nickname: params.nickname,
      tax_behavior: params.tax_behavior,
    }),
    metadata: mergeMetadata(before.metadata, metadata),
  }
  return changeAndEmit(context, prices, { id, patch, event: 'price.updated' })
}

const listShape = {
  ...pageShape,
  active: flag(),
  created: createdFilter(),
  currency: text(),
  lookup_keys: list(text(), { max: 10 }),
  product: text(),
  recurring: object({
    interval: choice(...intervals),
    meter: unsupported(),
    usage_type: choice('licensed', 'metered'),
  }),
  type: choice('one_time', 'recurring'),
}

const wanted =
  (params: ParamsOf<typeof listShape>) =>
  (row: StoredPrice): boolean =>
    createdWithin(params.created, row.created) &&
    (params.active === undefined || row.active === params.active) &&
    (params.currency === undefined || row.currency === params.currency.toLowerCase()) &&
    (params.lookup_keys === undefined || (row.lookup_key !== null && params.lookup_keys.includes(row.lookup_key))) &&
    (params.product === undefined || row.product === params.product) &&
    (params.recurring?.interval === undefined || row.recurring?.interval === params.recurring.interval) &&
    (params.recurring?.usage_type === undefined || row.recurring?.usage_type === params.recurring.usage_type) &&
    (params.type === undefined || row.type === params.type)

/** What it costs, once or again and again. */
export const priceSlice: Slice = {
  name: 'prices',
  collections: [prices],
  routes: [
    route({ method: 'POST', path: '/v1/prices', params: createPriceShape, handler: createPrice }),
    route({
      method: 'GET',
      path: '/v1/prices/:id',
      params: {},
      handler: (context, _, id) => context.inPath(prices, id),
    }),
    route({
      method: 'POST',
      path: '/v1/prices/:id',
      params: updateShape,
      handler: (context, params, id) => updatePrice(context, id, params),
    }),
    route({
      method: 'GET',
      path: '/v1/prices',
      params: listShape,
      handler: (context, params) => pageOf(context, prices, { params, url: '/v1/prices', keep: wanted(params) }),
    }),
  ],
  seed(context) {
    const product = putProduct(context, { id: 'prod_florin_demo', name: 'Florin demo' }).id
    const monthly = recurringOf({ interval: 'month' })
    const yearly = recurringOf({ interval: 'year' })
    const usd = { product, currency: 'usd' }
    putPrice(context, { ...usd, id: 'price_1234567890', unit_amount_decimal: '2000', recurring: monthly })
    putPrice(context, { ...usd, id: 'price_0987654321', unit_amount_decimal: '5000', recurring: monthly })
    putPrice(context, { ...usd, id: 'price_1234567890_yearly', unit_amount_decimal: '20000', recurring: yearly })
  },
}
