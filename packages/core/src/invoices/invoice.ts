import { objectId } from '../input/object-ids.ts'
import { type Group, type Observed, rankBy, type Sighting } from '../observations/join.ts'
import type { Identity } from '../observations/observation.ts'
import type { Timestamp } from '../time.ts'

export const invoiceStatuses = ['draft', 'open', 'paid', 'void', 'uncollectible', 'unknown'] as const

/** `paid` and `void` are final; an `uncollectible` invoice may still be paid or voided. */
export type InvoiceStatus = (typeof invoiceStatuses)[number]

export type InvoiceLine = {
  readonly description: string | null
  readonly amount: number
  readonly quantity: number | null
  readonly priceId: string | null
  readonly periodStart: Timestamp
  readonly periodEnd: Timestamp
  readonly proration: boolean
}

/** A row of `invoices`. */
export interface InvoiceRow extends Observed {
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly userId: string | null
  readonly customerId: string | null
  readonly gatewayId: string
  /** Null for one-off invoices, and until the subscription itself is known here. */
  readonly subscriptionId: string | null
  readonly subscriptionGatewayId: string | null
  readonly number: string | null
  readonly status: InvoiceStatus
  readonly gatewayStatus: string | null
  readonly currency: string
  readonly amountDue: number
  readonly amountPaid: number
  readonly amountRemaining: number
  readonly billingReason: string | null
  readonly attemptCount: number
  readonly nextPaymentAttempt: Timestamp | null
  readonly periodStart: Timestamp
  readonly periodEnd: Timestamp
  readonly lines: readonly InvoiceLine[]
  readonly hasMoreLines: boolean
  readonly hostedInvoiceUrl: string | null
  readonly invoicePdf: string | null
  readonly paidAt: Timestamp | null
  /** Stripe's id of the PaymentIntent that paid it, or is to pay it, where the source told. */
  readonly paymentGatewayId: string | null
}

/** draft → open → uncollectible → paid or void: each may be skipped, none is left for an earlier one. */
export const invoiceRanks = { draft: 0, unknown: 1, open: 1, uncollectible: 2, paid: 3, void: 3 } as const

const rank = rankBy<InvoiceStatus>(invoiceRanks)

const invoiceFields = [
  'number',
  'status',
  'gatewayStatus',
  'currency',
  'amountDue',
  'amountPaid',
  'amountRemaining',
  'billingReason',
  'attemptCount',
  'nextPaymentAttempt',
  'periodStart',
  'periodEnd',
  'lines',
  'hasMoreLines',
  'hostedInvoiceUrl',
  'invoicePdf',
  'paidAt',
] as const satisfies readonly (keyof InvoiceRow)[]

const paymentFields = ['paymentGatewayId'] as const satisfies readonly (keyof InvoiceRow)[]

export type InvoiceFacts = Pick<InvoiceRow, (typeof invoiceFields)[number]>
type InvoicePaymentFacts = Pick<InvoiceRow, (typeof paymentFields)[number]>

export const invoiceGroup: Group<InvoiceRow, (typeof invoiceFields)[number]> = {
  name: 'invoice',
  fields: invoiceFields,
  rank: ({ status }) => rank(status),
}

/** Webhooks of basil and later tell no payment at all, so it is a group of its own. */
export const invoicePaymentGroup: Group<InvoiceRow, (typeof paymentFields)[number]> = {
  name: 'payment',
  fields: paymentFields,
  rank: ({ paymentGatewayId }) => (paymentGatewayId === null ? 0 : 1),
}

export interface InvoiceObservation extends Identity {
  readonly object: 'invoice'
  readonly subscriptionGatewayId: string | null
  /** Our subscription's id, where the invoice carries its metadata. */
  readonly subscriptionFlorinId: string | null
  readonly invoice: Sighting<InvoiceFacts>
  /** The event said that its last attempt failed. */
  readonly paymentFailed?: boolean
  readonly payment?: Sighting<InvoicePaymentFacts>
}

/** An invoice as Florin shows it. Amounts in the currency's smallest unit; with credits they may be below zero. */
export type Invoice = {
  readonly id: string
  readonly object: 'invoice'
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly userId: string | null
  readonly subscriptionId: string | null
  readonly number: string | null
  readonly status: InvoiceStatus
  readonly currency: string
  readonly amountDue: number
  readonly amountPaid: number
  readonly amountRemaining: number
  readonly billingReason: string | null
  readonly attemptCount: number
  readonly nextPaymentAttempt: Timestamp | null
  readonly periodStart: Timestamp
  readonly periodEnd: Timestamp
  /** Stripe tells ten of them at most, the newest first; `hasMoreLines` says that there are more, in its PDF. */
  readonly lines: readonly InvoiceLine[]
  readonly hasMoreLines: boolean
  readonly hostedInvoiceUrl: string | null
  readonly invoicePdf: string | null
  readonly paidAt: Timestamp | null
  readonly stripeInvoiceId: string
  /** Stripe's id of the payment that paid it, or is to pay it: `payments.get`, `confirm` and `refunds.create` take it. */
  readonly stripePaymentIntentId: string | null
}

/** Whether the gateway may still tell something new of an invoice by itself. */
export const isOpenInvoice = ({ status }: Pick<InvoiceRow, 'status'>): boolean => rank(status) < invoiceRanks.paid

/** Shows a row. Its two links open the invoice for whoever has them, without a login. */
export function toInvoice(row: InvoiceRow): Invoice {
  return {
    id: row.id,
    object: 'invoice',
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    userId: row.userId,
    subscriptionId: row.subscriptionId,
    number: row.number,
    status: row.status,
    currency: row.currency,
    amountDue: row.amountDue,
    amountPaid: row.amountPaid,
    amountRemaining: row.amountRemaining,
    billingReason: row.billingReason,
    attemptCount: row.attemptCount,
    nextPaymentAttempt: row.nextPaymentAttempt,
    periodStart: row.periodStart,
    periodEnd: row.periodEnd,
    lines: row.lines,
    hasMoreLines: row.hasMoreLines,
    hostedInvoiceUrl: row.hostedInvoiceUrl,
    invoicePdf: row.invoicePdf,
    paidAt: row.paidAt,
    stripeInvoiceId: row.gatewayId,
    stripePaymentIntentId: row.paymentGatewayId,
  }
}

/** Accepts Florin's id or Stripe's. */
export const invoiceId = objectId('invoice')
