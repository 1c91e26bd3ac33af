import type { Context } from '../engine/context.ts'
import { renderFor } from '../engine/render.ts'
import type { Rendering } from '../engine/slice.ts'
import { intentOf } from '../invoice-payments/invoice-payment.ts'
import { paymentIntents } from '../payment-intents/payment-intent.ts'
import { planOf, prices } from '../prices/price.ts'
import { idIn, isBefore, recordIn, textIn, type Wire, without } from './older-shape.ts'
import { firstDiscount } from './older-subscription.ts'

/** Before basil an invoice names its subscription and its payment, and says whether it is paid. */
export const olderInvoice: Rendering = (object, version, context) => {
  if (!isBefore(version, 'endive')) return object
  const older = without(object, 'customer_account', 'status_details')
  if (!isBefore(version, 'basil')) return older
  const id = textIn(object, 'id') ?? ''
  const details = recordIn(recordIn(object, 'parent'), 'subscription_details')
  const paid = object.status === 'paid'
  const charged = context.store.find(paymentIntents, intentOf(context, id) ?? '')
  return {
    ...without(older, 'amount_overpaid', 'confirmation_secret', 'parent', 'payments', 'total_taxes'),
    application_fee_amount: null,
    charge: object.charge ?? chargeOf(context, id),
    discount: firstDiscount(context, object, version),
    paid,
    paid_out_of_band: paid && object.amount_due !== 0 && charged?.status !== 'succeeded',
    payment_intent: object.payment_intent ?? intentOf(context, id) ?? null,
    quote: null,
    subscription: object.subscription ?? idIn(details, 'subscription'),
    subscription_details: details === undefined ? null : { metadata: details.metadata ?? null },
    tax: null,
    total_tax_amounts: [],
    transfer_data: null,
  }
}

/** The charge that an invoice was last tried or paid with. */
export const chargeOf = (context: Context, invoice: string): string | null =>
  context.store.find(paymentIntents, intentOf(context, invoice) ?? '')?.latest_charge ?? null

/** Before basil a line holds its price and plan whole, and says itself what it is for. */
export const olderLine: Rendering = (object, version, context) => {
  if (!isBefore(version, 'endive')) return object
  if (!isBefore(version, 'basil')) return without(object, 'quantity_decimal', 'subscription')
  const parent = recordIn(object, 'parent')
  const ofItem = recordIn(parent, 'subscription_item_details')
  const details = ofItem ?? recordIn(parent, 'invoice_item_details')
  const source = textIn(details, 'invoice_item')
  return {
    ...without(object, 'parent', 'pricing', 'quantity_decimal', 'subtotal', 'taxes'),
    amount_excluding_tax: object.amount,
    ...(source === null ? {} : { invoice_item: source }),
    ...pricesOf(context, object, version),
    proration: details?.proration === true,
    proration_details: recordIn(details, 'proration_details') ?? { credited_items: null },
    subscription: textIn(details, 'subscription'),
    ...(ofItem === undefined ? {} : { subscription_item: textIn(ofItem, 'subscription_item') }),
    tax_amounts: [],
    tax_rates: [],
    type: ofItem !== undefined && source === null ? 'subscription' : 'invoiceitem',
    unit_amount_excluding_tax: unitAmountOf(object),
  }
}

/** Before basil an invoice item holds its price and plan whole, and names its subscription itself. */
export const olderInvoiceItem: Rendering = (object, version, context) => {
  if (!isBefore(version, 'endive')) return object
  const older = without(object, 'customer_account', 'quantity_decimal')
  if (!isBefore(version, 'basil')) return older
  const details = recordIn(recordIn(object, 'parent'), 'subscription_details')
  const item = textIn(details, 'subscription_item')
  const unit = unitAmountOf(object)
  return {
    ...without(older, 'net_amount', 'parent', 'pricing'),
    ...pricesOf(context, object, version),
    subscription: textIn(details, 'subscription'),
    ...(item === null ? {} : { subscription_item: item }),
    unit_amount: unit !== null && /^-?\d+$/.test(unit) ? Number(unit) : null,
    unit_amount_decimal: unit,
  }
}

const unitAmountOf = (object: Wire): string | null => textIn(recordIn(object, 'pricing'), 'unit_amount_decimal')

function pricesOf(context: Context, object: Wire, version: string): { price: object | null; plan: object | null } {
  const id = idIn(recordIn(recordIn(object, 'pricing'), 'price_details'), 'price')
  const price = context.store.find(prices, id ?? '')
  if (price === undefined) return { price: null, plan: null }
  return {
    price: renderFor(context, price, version),
    plan: price.recurring === null ? null : renderFor(context, planOf(price), version),
  }
}
