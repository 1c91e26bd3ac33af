import { checkCurrency } from '../charges/currency.ts'
import { liveCustomer } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { createdWithin, pageOf } from '../engine/page.ts'
import {
  createdFilter,
  decimal,
  flag,
  integer,
  object,
  type ParamsOf,
  pageShape,
  required,
  text,
  timestamp,
  unsupported,
} from '../engine/params.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { refreshDraftLines } from '../invoices/draft-invoice.ts'
import { invoices } from '../invoices/invoice.ts'
import { amountOf, makePrice, prices, type StoredPrice } from '../prices/price.ts'
import { currencyParam, unitOf } from '../prices/price-params.ts'
import { products } from '../products/product.ts'
import { subscriptions } from '../subscriptions/subscription.ts'
import { invoiceItems, makeInvoiceItem, removeInvoiceItem, type StoredInvoiceItem } from './invoice-item.ts'

const sharedShape = {
  amount: integer(),
  description: text(),
  discountable: flag(),
  discounts: unsupported(),
  metadata: metadataParam(),
  period: object({ end: required(timestamp()), start: required(timestamp()) }),
  price_data: object({
    currency: required(currencyParam()),
    product: required(text()),
    tax_behavior: unsupported(),
    unit_amount: integer(),
    unit_amount_decimal: decimal(),
  }),
  pricing: object({ price: text() }),
  quantity: integer({ min: 0 }),
  quantity_decimal: unsupported(),
  tax_behavior: unsupported(),
  tax_code: unsupported(),
  tax_rates: unsupported(),
  unit_amount_decimal: unsupported(),
}

const createShape = {
  ...sharedShape,
  currency: currencyParam(),
  customer: required(text()),
  customer_account: unsupported(),
  invoice: text(),
  subscription: text(),
}

const updateShape = { ...sharedShape, invoicing_rules: unsupported() }

/** A sum as it was sent: as an amount, or as a price and how many. */
function sumOf(
  context: Context,
  params: ParamsOf<typeof sharedShape>,
): { amount: number; price: StoredPrice | null; quantity: number } | undefined {
  const { amount, quantity = 1, pricing, price_data: data } = params
  const price = data === undefined ? priceNamed(context, pricing?.price) : inlinePrice(context, data)
  if (price !== undefined && amount !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: amount, pricing.', { param: 'amount' })
  }
  if (price !== undefined) return { amount: amountOf(price, quantity), price, quantity }
  return amount === undefined ? undefined : { amount, price: null, quantity: 1 }
}

function priceNamed(context: Context, id: string | undefined): StoredPrice | undefined {
  if (id === undefined) return undefined
  const price = context.inParam(prices, id, 'pricing[price]')
  if (price.recurring === null) return price
  throw invalidRequest(
    'The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.',
    { param: 'pricing[price]' },
  )
}

const inlinePrice = (context: Context, data: NonNullable<ParamsOf<typeof sharedShape>['price_data']>): StoredPrice =>
  makePrice(context, {
    product: context.inParam(products, data.product, 'price_data[product]').id,
    currency: data.currency,
    unit_amount_decimal: unitOf(data, 'price_data[unit_amount]'),
    recurring: null,
    active: false,
  })

function createInvoiceItem(context: Context, params: ParamsOf<typeof createShape>): StoredInvoiceItem {
  const customer = liveCustomer(context, params.customer, 'customer')
  const sum = sumOf(context, params)
  const currency = sum?.price?.currency ?? params.currency ?? customer.currency
  if (sum === undefined) {
    throw invalidRequest('One of the following params is required: amount, pricing, price_data.', { param: 'amount' })
  }
  if (typeof currency !== 'string') {
    throw invalidRequest('Missing required param: currency.', { code: 'parameter_missing', param: 'currency' })
  }
  if (params.invoice !== undefined) requireDraft(context, params.invoice, customer.id)
  if (params.subscription !== undefined) {
    const subscription = context.inParam(subscriptions, params.subscription, 'subscription')
    if (subscription.customer !== customer.id) {
      throw invalidRequest('The subscription does not belong to the customer.', { param: 'subscription' })
    }
  }
  const item = makeInvoiceItem(context, {
    customer: customer.id,
    ...sum,
    currency: checkCurrency(currency),
    description: params.description ?? (sum.price === null ? null : nameOf(context, sum.price)),
    period: params.period ?? { start: context.now, end: context.now },
    subscription: params.subscription ?? null,
    subscription_item: null,
    proration: false,
    discountable: params.discountable ?? sum.amount >= 0,
    metadata: mergeMetadata({}, params.metadata),
    invoice: params.invoice ?? null,
  })
  if (params.invoice !== undefined) refreshDraftLines(context, params.invoice)
  return item
}

const nameOf = (context: Context, { product }: StoredPrice): string | null =>
  context.store.find(products, product)?.name ?? null

function requireDraft(context: Context, id: string, customer: string): void {
  const invoice = context.inParam(invoices, id, 'invoice')
  if (invoice.customer !== customer) {
    throw invalidRequest('The invoice does not belong to the customer.', { param: 'invoice' })
  }
  if (invoice.status !== 'draft') throw notEditable()
}

const notEditable = () =>
  invalidRequest('The invoice item is attached to an invoice that is no longer editable.', {
    code: 'invoice_not_editable',
  })

function editable(context: Context, id: string): StoredInvoiceItem {
  const item = context.inPath(invoiceItems, id, 'invoiceitem')
  if (item.invoice !== null && context.store.find(invoices, item.invoice)?.status !== 'draft') throw notEditable()
  return item
}

function updateInvoiceItem(context: Context, id: string, params: ParamsOf<typeof updateShape>): StoredInvoiceItem {
  const before = editable(context, id)
  const sum = sumOf(context, { ...params, ...(params.quantity === undefined ? { quantity: before.quantity } : {}) })
  const repriced =
    sum === undefined && params.quantity !== undefined && before.pricing !== null
      ? sumOf(context, { quantity: params.quantity, pricing: { price: before.pricing.price_details.price } })
      : sum
  const after = context.store.update(invoiceItems, id, {
    ...definedOnly({ description: params.description, discountable: params.discountable, period: params.period }),
    ...(repriced === undefined ? {} : sumFields(repriced)),
    metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
  })
  if (after.invoice !== null) refreshDraftLines(context, after.invoice)
  return after
}

const sumFields = ({
  amount,
  price,
  quantity,
}: {
  amount: number
  price: StoredPrice | null
  quantity: number
}): Partial<StoredInvoiceItem> => ({
  amount,
  net_amount: amount,
  quantity,
  quantity_decimal: String(quantity),
  pricing: price && {
    price_details: { price: price.id, product: price.product },
    type: 'price_details',
    unit_amount_decimal: price.unit_amount_decimal,
  },
})

/** Sums that wait for an invoice. */
export const invoiceItemSlice: Slice = {
  name: 'invoice-items',
  collections: [invoiceItems],
  routes: [
    route({
      method: 'POST',
      path: '/v1/invoiceitems',
      params: createShape,
      locks: (_, { customer, invoice }) => (invoice === undefined ? [customer] : [customer, invoice]),
      handler: createInvoiceItem,
    }),
    route({
      method: 'GET',
      path: '/v1/invoiceitems/:id',
      params: {},
      handler: (context, _, id) => context.inPath(invoiceItems, id, 'invoiceitem'),
    }),
    route({
      method: 'POST',
      path: '/v1/invoiceitems/:id',
      params: updateShape,
      handler: (context, params, id) => updateInvoiceItem(context, id, params),
    }),
    route({
      method: 'DELETE',
      path: '/v1/invoiceitems/:id',
      params: {},
      handler(context, _, id) {
        const item = editable(context, id)
        removeInvoiceItem(context, item)
        if (item.invoice !== null) refreshDraftLines(context, item.invoice)
        return { id, object: 'invoiceitem', deleted: true }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/invoiceitems',
      params: {
        ...pageShape,
        created: createdFilter(),
        customer: text(),
        customer_account: unsupported(),
        invoice: text(),
        pending: flag(),
      },
      handler: (context, params) =>
        pageOf(context, invoiceItems, {
          params,
          url: '/v1/invoiceitems',
          keep: (row) =>
            createdWithin(params.created, row.date) &&
            (params.customer === undefined || row.customer === params.customer) &&
            (params.invoice === undefined || row.invoice === params.invoice) &&
            (params.pending === undefined || (row.invoice === null) === params.pending),
        }),
    }),
  ],
}
