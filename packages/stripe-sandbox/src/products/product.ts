import type Stripe from 'stripe'
import { defineCollection, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import type { Metadata } from '../engine/metadata.ts'

/** A product as it is stored. */
export type StoredProduct = Stored<Stripe.Product>

export const products = defineCollection<StoredProduct>('product')

/** What a new product may carry. */
export interface NewProduct {
  readonly id?: string
  readonly name: string
  readonly active?: boolean
  readonly description?: string | null
  readonly images?: readonly string[]
  readonly metadata?: Metadata
  readonly statement_descriptor?: string | null
  readonly unit_label?: string | null
  readonly shippable?: boolean | null
  readonly url?: string | null
}

/** Makes a product and emits `product.created`. */
export function makeProduct(context: Context, input: NewProduct): StoredProduct {
  const product = putProduct(context, input)
  context.emit('product.created', product)
  return product
}

/** Stores a product that is simply there, as the seeded one. */
export const putProduct = (context: Context, input: NewProduct): StoredProduct =>
  context.store.put(products, {
    id: input.id ?? context.newId('prod', 14),
    object: 'product',
    active: input.active ?? true,
    created: context.now,
    default_price: null,
    description: input.description ?? null,
    images: [...(input.images ?? [])],
    livemode: false,
    marketing_features: [],
    metadata: input.metadata ?? {},
    name: input.name,
    package_dimensions: null,
    shippable: input.shippable ?? null,
    statement_descriptor: input.statement_descriptor ?? null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: input.unit_label ?? null,
    updated: context.now,
    url: input.url ?? null,
  })
