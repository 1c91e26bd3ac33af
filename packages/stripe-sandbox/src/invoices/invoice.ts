import type Stripe from 'stripe'
import { defineCollection, definePrivateCollection, idOf, type Row, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'

/** An invoice line as it is stored. */
export type StoredLine = Omit<Stored<Stripe.InvoiceLineItem>, 'pricing' | 'quantity_decimal' | 'discounts'> & {
  readonly pricing: {
    readonly price_details: { readonly price: string; readonly product: string }
    readonly type: 'price_details'
    readonly unit_amount_decimal: string | null
  } | null
  readonly quantity_decimal: string | null
  readonly discounts: string[]
}

/** An invoice as it is stored. What exists only when expanded is left out. */
export type StoredInvoice = Omit<
  Stored<Stripe.Invoice>,
  'lines' | 'payments' | 'confirmation_secret' | 'discounts' | 'latest_revision' | 'last_finalization_error'
> & {
  readonly lines: {
    readonly object: 'list'
    readonly data: StoredLine[]
    readonly has_more: boolean
    readonly url: string
  }
  readonly discounts: string[]
  readonly latest_revision: null
  readonly last_finalization_error: null
}

export const invoices = defineCollection<StoredInvoice>('invoice')

/** All lines of an invoice, of which the invoice itself shows the first ten. */
export interface InvoiceLines extends Row {
  readonly lines: readonly StoredLine[]
}

export const invoiceLines = definePrivateCollection<InvoiceLines>('invoice_lines')

/** The lines of an invoice, all of them. */
export const linesOf = (context: Context, id: string): readonly StoredLine[] =>
  context.store.find(invoiceLines, id)?.lines ?? []

/** The list object that an invoice shows. */
export const lineList = (id: string, lines: readonly StoredLine[]): StoredInvoice['lines'] => ({
  object: 'list',
  data: lines.slice(0, 10),
  has_more: lines.length > 10,
  url: `/v1/invoices/${id}/lines`,
})

/** The id of the subscription that an invoice bills, or null for a one-off one. */
export const subscriptionOf = (invoice: StoredInvoice): string | null =>
  idOf(invoice.parent?.subscription_details?.subscription)

/** Whether money may still come in for it. */
export const isPayable = ({ status }: StoredInvoice): boolean => status === 'open' || status === 'uncollectible'
