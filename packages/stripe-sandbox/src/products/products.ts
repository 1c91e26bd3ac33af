import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { createdWithin, pageOf } from '../engine/page.ts'
import {
  choice,
  clearable,
  createdFilter,
  flag,
  list,
  type ParamsOf,
  pageShape,
  required,
  text,
  unsupported,
} from '../engine/params.ts'
import { changeAndEmit } from '../engine/previous-attributes.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { prices } from '../prices/price.ts'
import { makeProduct, products, type StoredProduct } from './product.ts'

const notImitated = {
  marketing_features: unsupported(),
  package_dimensions: unsupported(),
  tax_code: unsupported(),
  tax_details: unsupported(),
}

const createShape = {
  ...notImitated,
  name: required(text()),
  id: text(),
  active: flag(),
  default_price_data: unsupported(),
  description: text({ max: 40_000 }),
  images: list(text(), { max: 8 }),
  metadata: metadataParam(),
  shippable: flag(),
  statement_descriptor: text({ max: 22 }),
  type: choice('service', 'good'),
  unit_label: text({ max: 12 }),
  url: text(),
}

const updateShape = {
  ...notImitated,
  name: text(),
  active: flag(),
  default_price: text(),
  description: clearable(text({ max: 40_000 })),
  images: list(text(), { max: 8 }),
  metadata: metadataParam(),
  shippable: flag(),
  statement_descriptor: text({ max: 22 }),
  unit_label: clearable(text({ max: 12 })),
  url: clearable(text()),
}

function createProduct(context: Context, { metadata, type, ...params }: ParamsOf<typeof createShape>): StoredProduct {
  if (params.id !== undefined && context.store.find(products, params.id) !== undefined) {
    throw invalidRequest('Product already exists.', { code: 'resource_already_exists', param: 'id' })
  }
  const product = makeProduct(context, { ...params, metadata: mergeMetadata({}, metadata) })
  return type === undefined ? product : context.store.update(products, product.id, { type })
}

function updateProduct(
  context: Context,
  id: string,
  { metadata, images, default_price: price, ...params }: ParamsOf<typeof updateShape>,
): StoredProduct {
  const before = context.inPath(products, id)
  if (price !== undefined && context.inParam(prices, price, 'default_price').product !== id) {
    throw invalidRequest(`The price specified supports a product other than ${id}.`, { param: 'default_price' })
  }
  const patch: Partial<StoredProduct> = {
    ...definedOnly({
      name: params.name,
      active: params.active,
      description: params.description,
      shippable: params.shippable,
      statement_descriptor: params.statement_descriptor,
      unit_label: params.unit_label,
      url: params.url,
      default_price: price,
      images: images && [...images],
    }),
    metadata: mergeMetadata(before.metadata, metadata),
    updated: context.now,
  }
  return changeAndEmit(context, products, { id, patch, event: 'product.updated' })
}

/** Gone for good, unless a price is still tied to it. */
function deleteProduct(context: Context, id: string): object {
  const product = context.inPath(products, id)
  if (context.store.all(prices).some((price) => price.product === id)) {
    throw invalidRequest(
      'This product cannot be deleted because it has one or more user-created prices. You may set active=false on this product instead.',
    )
  }
  context.store.remove(products, id)
  context.emit('product.deleted', product)
  return { id, object: 'product', deleted: true }
}

/** What is sold. */
export const productSlice: Slice = {
  name: 'products',
  collections: [products],
  routes: [
    route({ method: 'POST', path: '/v1/products', params: createShape, handler: createProduct }),
    route({
      method: 'GET',
      path: '/v1/products/:id',
      params: {},
      handler: (context, _, id) => context.inPath(products, id),
    }),
    route({
      method: 'POST',
      path: '/v1/products/:id',
      params: updateShape,
      handler: (context, params, id) => updateProduct(context, id, params),
    }),
    route({
      method: 'DELETE',
      path: '/v1/products/:id',
      params: {},
      handler: (context, _, id) => deleteProduct(context, id),
    }),
    route({
      method: 'GET',
      path: '/v1/products',
      params: {
        ...pageShape,
        active: flag(),
        created: createdFilter(),
        ids: list(text(), { max: 100 }),
        shippable: flag(),
        type: choice('service', 'good'),
        url: text(),
      },
      handler: (context, params) =>
        pageOf(context, products, {
          params,
          url: '/v1/products',
          keep: (row) =>
            createdWithin(params.created, row.created) &&
            (params.active === undefined || row.active === params.active) &&
            (params.ids === undefined || params.ids.includes(row.id)) &&
            (params.shippable === undefined || row.shippable === params.shippable) &&
            (params.type === undefined || row.type === params.type) &&
            (params.url === undefined || row.url === params.url),
        }),
    }),
  ],
}
