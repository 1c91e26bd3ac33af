import type Stripe from 'stripe'
import { defineCollection, idOf, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import type { Metadata } from '../engine/metadata.ts'
import type { NewLine } from '../invoices/invoice-line.ts'
import { prices, type StoredPrice } from '../prices/price.ts'
import type { Period } from '../subscriptions/billing-period.ts'

/** An invoice item as it is stored: a sum that waits for an invoice, or stands on one. */
export type StoredInvoiceItem = Omit<Stored<Stripe.InvoiceItem>, 'pricing' | 'quantity_decimal' | 'discounts'> & {
  readonly pricing: {
    readonly price_details: { readonly price: string; readonly product: string }
    readonly type: 'price_details'
    readonly unit_amount_decimal: string | null
  } | null
  readonly quantity_decimal: string
  readonly discounts: string[]
}

export const invoiceItems = defineCollection<StoredInvoiceItem>('invoiceitem')

/** What a new invoice item is made of. */
export interface NewInvoiceItem {
  readonly customer: string
  readonly amount: number
  readonly currency: string
  readonly description: string | null
  readonly period: Period
  readonly price: StoredPrice | null
  readonly quantity: number
  readonly subscription: string | null
  readonly subscription_item: string | null
  readonly proration: boolean
  readonly discountable: boolean
  readonly metadata?: Metadata
  readonly invoice?: string | null
}

/** Makes an invoice item and emits `invoiceitem.created`. */
export function makeInvoiceItem(context: Context, input: NewInvoiceItem): StoredInvoiceItem {
  const { price, subscription, subscription_item: item } = input
  const made = context.store.put(invoiceItems, {
    id: context.newId('ii'),
    object: 'invoiceitem',
    amount: input.amount,
    currency: input.currency,
    customer: input.customer,
    customer_account: null,
    date: context.now,
    description: input.description,
    discountable: input.discountable,
    discounts: [],
    invoice: input.invoice ?? null,
    livemode: false,
    metadata: input.metadata ?? {},
    net_amount: input.amount,
    parent:
      subscription === null
        ? null
        : {
            subscription_details: { subscription, ...(item === null ? {} : { subscription_item: item }) },
            type: 'subscription_details',
          },
    period: { end: input.period.end, start: input.period.start },
    pricing:
      price === null
        ? null
        : {
            price_details: { price: price.id, product: price.product },
            type: 'price_details',
            unit_amount_decimal: price.unit_amount_decimal,
          },
    proration: input.proration,
    quantity: input.quantity,
    quantity_decimal: String(input.quantity),
    tax_rates: [],
    test_clock: null,
  })
  context.emit('invoiceitem.created', made)
  return made
}

/** Removes an invoice item and emits `invoiceitem.deleted`. */
export function removeInvoiceItem(context: Context, item: StoredInvoiceItem): void {
  context.store.remove(invoiceItems, item.id)
  context.emit('invoiceitem.deleted', item)
}

/** What waits for the next invoice of a subscription: its own items, and those of the customer that name none. */
export function pendingItems(
  context: Context,
  { customer, subscription, currency }: { customer: string; subscription: string | null; currency: string },
): StoredInvoiceItem[] {
  return context.store.all(invoiceItems).filter((item) => {
    const owner = subscriptionOfItem(item)
    return (
      item.invoice === null &&
      item.customer === customer &&
      item.currency === currency &&
      (owner === null || owner === subscription)
    )
  })
}

/** The subscription that an invoice item belongs to, or null. */
export const subscriptionOfItem = (item: StoredInvoiceItem): string | null =>
  item.parent?.subscription_details?.subscription ?? null

/** The line that an invoice item becomes. */
export function lineOfItem(context: Context, item: StoredInvoiceItem): NewLine {
  const price = idOf(item.pricing?.price_details.price)
  return {
    amount: item.amount,
    currency: item.currency,
    description: item.description,
    period: item.period,
    price: price === null ? null : (context.store.find(prices, price) ?? null),
    quantity: item.quantity,
    subscription: subscriptionOfItem(item),
    subscription_item: item.parent?.subscription_details?.subscription_item ?? null,
    invoice_item: item.id,
    proration: item.proration,
    discountable: item.discountable,
    metadata: item.metadata ?? {},
  }
}
