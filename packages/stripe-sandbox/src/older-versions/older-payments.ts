import { charges } from '../charges/charge.ts'
import type { Context } from '../engine/context.ts'
import { renderFor } from '../engine/render.ts'
import type { Rendering } from '../engine/slice.ts'
import { intentInvoices } from '../invoice-payments/invoice-payment.ts'
import { refunds } from '../refunds/refund.ts'
import { idIn, isBefore, textIn, without } from './older-shape.ts'

/** The invoice that a PaymentIntent pays, or null. */
export const invoiceOfIntent = (context: Context, intent: string | null): string | null =>
  context.store.find(intentInvoices, intent ?? '')?.invoice ?? null

/** Before basil a payment names its invoice; before 2022-11-15 it holds its charges. */
export const olderPaymentIntent: Rendering = (object, version, context) => {
  if (!isBefore(version, 'endive')) return object
  const older = without(
    object,
    'allowed_payment_method_types',
    'customer_account',
    'managed_payments',
    'payment_record',
  )
  if (isBefore(version, 'basil') && older.invoice === undefined)
    older.invoice = invoiceOfIntent(context, textIn(object, 'id'))
  if (!isBefore(version, 'latestCharge')) return older
  return {
    ...without(older, 'latest_charge'),
    charges: listOf(
      context.store
        .all(charges)
        .filter((charge) => charge.payment_intent === object.id)
        .reverse()
        .map((charge) => renderFor(context, charge, version)),
      `/v1/charges?payment_intent=${object.id}`,
    ),
  }
}

/** Before basil a charge names its invoice; before 2022-11-15 it holds its refunds. */
export const olderCharge: Rendering = (object, version, context) => {
  if (!isBefore(version, 'endive')) return object
  const older: Record<string, unknown> = {
    ...object,
    payment_method_details: olderDetails(object.payment_method_details),
  }
  if (isBefore(version, 'basil') && older.invoice === undefined)
    older.invoice = invoiceOfIntent(context, idIn(object, 'payment_intent'))
  if (!isBefore(version, 'latestCharge') || object.refunds !== undefined) return older
  const own = context.store.all(refunds).filter((refund) => refund.charge === object.id)
  const newest = own.reverse().slice(0, 10)
  return {
    ...older,
    refunds: {
      ...listOf(
        newest.map((refund) => renderFor(context, refund, version)),
        `/v1/charges/${object.id}/refunds`,
      ),
      has_more: own.length > 10,
      total_count: own.length,
    },
  }
}

const olderDetails = (details: unknown): unknown => {
  if (typeof details !== 'object' || details === null || !('card' in details)) return details
  const { card } = details
  if (typeof card !== 'object' || card === null) return details
  return { ...details, card: without({ ...card }, 'electronic_commerce_indicator', 'transaction_link_id') }
}

/** Before 2026 a refund does not say whose it is. */
export const olderRefund: Rendering = (object, version) => {
  if (!isBefore(version, 'endive')) return object
  const older = without(object, 'customer_account')
  return isBefore(version, 'refundOwner') ? without(older, 'customer', 'payment_method') : older
}

/** A setup names what it may be paid with only since endive. */
export const olderSetupIntent: Rendering = (object, version) =>
  isBefore(version, 'endive')
    ? without(object, 'allowed_payment_method_types', 'customer_account', 'managed_payments')
    : object

/** Whoever else carries the account of its customer. */
export const withoutCustomerAccount: Rendering = (object, version) =>
  isBefore(version, 'endive') ? without(object, 'customer_account') : object

const listOf = (data: readonly object[], url: string) => ({
  object: 'list',
  data,
  has_more: false,
  total_count: data.length,
  url,
})
