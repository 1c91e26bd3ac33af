import type { Context } from '../engine/context.ts'
import type { Metadata } from '../engine/metadata.ts'
import type { StoredPrice } from '../prices/price.ts'
import type { Period } from '../subscriptions/billing-period.ts'
import type { StoredLine } from './invoice.ts'

/** What a new line says. */
export interface NewLine {
  readonly amount: number
  readonly currency: string
  readonly description: string | null
  readonly period: Period
  readonly price: StoredPrice | null
  readonly quantity: number
  readonly subscription: string | null
  readonly subscription_item: string | null
  /** The invoice item that it comes from, if any. */
  readonly invoice_item: string | null
  readonly proration: boolean
  readonly discountable: boolean
  readonly metadata: Metadata
}

/** Makes a line. Discounts are worked out when the invoice is summed up. */
export function makeLine(context: Context, invoice: string, input: NewLine): StoredLine {
  const { price, quantity } = input
  return {
    id: context.newId('il'),
    object: 'line_item',
    amount: input.amount,
    currency: input.currency,
    description: input.description,
    discount_amounts: [],
    discountable: input.discountable,
    discounts: [],
    invoice,
    livemode: false,
    metadata: input.metadata,
    parent: parentOf(input),
    period: { end: input.period.end, start: input.period.start },
    pretax_credit_amounts: [],
    pricing:
      price === null
        ? null
        : {
            price_details: { price: price.id, product: price.product },
            type: 'price_details',
            unit_amount_decimal: price.unit_amount_decimal,
          },
    quantity,
    quantity_decimal: String(quantity),
    subscription: input.subscription,
    subtotal: input.amount,
    taxes: [],
  }
}

function parentOf(input: NewLine): StoredLine['parent'] {
  const { subscription, subscription_item: item, invoice_item: source, proration } = input
  const details = { proration, proration_details: { credited_items: null }, subscription }
  if (item !== null) {
    return {
      invoice_item_details: null,
      subscription_item_details: { ...details, invoice_item: source, subscription_item: item },
      type: 'subscription_item_details',
    }
  }
  if (source === null) return null
  return {
    invoice_item_details: { ...details, invoice_item: source },
    subscription_item_details: null,
    type: 'invoice_item_details',
  }
}
