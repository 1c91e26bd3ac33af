import { z } from 'zod'
import type { InvoiceFacts, InvoiceLine, InvoiceObservation } from '../invoices/invoice.ts'
import { timestampOfSeconds } from '../time.ts'
import {
  identity,
  idOf,
  labels,
  METADATA,
  openStatus,
  type Sight,
  sighted,
  sighting,
  text,
  time,
  type Wire,
} from './wire.ts'

// Until 2025-03-31.basil an invoice named its subscription, payment and prices on top; since then they live in `parent`,
// `payments` (only on expand) and `pricing`. Both shapes are read always.

const details = z.object({ subscription: idOf, metadata: labels }).nullish()

const lineShape = z.object({
  description: text,
  amount: z.number(),
  quantity: z.number().nullish(),
  price: idOf,
  plan: idOf,
  pricing: z.object({ price_details: z.object({ price: idOf }).nullish() }).nullish(),
  proration: z.boolean().nullish(),
  parent: z
    .object({
      subscription_item_details: z.object({ proration: z.boolean().nullish() }).nullish(),
      invoice_item_details: z.object({ proration: z.boolean().nullish() }).nullish(),
    })
    .nullish(),
  period: z.object({ start: z.number(), end: z.number() }),
})

const paymentShape = z.object({
  status: text,
  is_default: z.boolean().nullish(),
  payment: z.object({ payment_intent: idOf }).nullish(),
})

const shape = identity.extend({
  number: text,
  status: text,
  paid: z.boolean().nullish(),
  currency: z.string(),
  amount_due: z.number(),
  amount_paid: z.number(),
  amount_remaining: z.number(),
  billing_reason: text,
  attempt_count: z.number().default(0),
  next_payment_attempt: time,
  period_start: z.number(),
  period_end: z.number(),
  lines: z.object({ data: z.array(lineShape), has_more: z.boolean().default(false) }),
  hosted_invoice_url: text,
  invoice_pdf: text,
  status_transitions: z.object({ paid_at: time }).nullish(),
  customer: idOf,
  subscription: idOf,
  subscription_details: details,
  parent: z.object({ subscription_details: details }).nullish(),
  payment_intent: idOf,
  payments: z.object({ data: z.array(paymentShape) }).nullish(),
})

const statuses = ['draft', 'open', 'paid', 'void', 'uncollectible'] as const

function readLine(line: z.output<typeof lineShape>): InvoiceLine {
  const { subscription_item_details: item, invoice_item_details: extra } = line.parent ?? {}
  return {
    description: line.description,
    amount: line.amount,
    quantity: line.quantity ?? null,
    priceId: line.pricing?.price_details?.price ?? line.price ?? line.plan,
    periodStart: timestampOfSeconds(line.period.start),
    periodEnd: timestampOfSeconds(line.period.end),
    proration: line.proration ?? item?.proration ?? extra?.proration ?? false,
  }
}

// A draft that was deleted is owed by nobody, and Stripe knows it no more.
const deletedStatus = { status: 'void', gatewayStatus: 'deleted' } as const

function invoiceFacts(invoice: z.output<typeof shape>, isDeleted: boolean): InvoiceFacts {
  return {
    number: invoice.number,
    ...(isDeleted ? deletedStatus : openStatus(statuses, invoice.status ?? (invoice.paid ? 'paid' : 'draft'))),
    currency: invoice.currency.toUpperCase(),
    amountDue: invoice.amount_due,
    amountPaid: invoice.amount_paid,
    amountRemaining: invoice.amount_remaining,
    billingReason: invoice.billing_reason,
    attemptCount: invoice.attempt_count,
    nextPaymentAttempt: invoice.next_payment_attempt,
    periodStart: timestampOfSeconds(invoice.period_start),
    periodEnd: timestampOfSeconds(invoice.period_end),
    lines: invoice.lines.data.map(readLine),
    hasMoreLines: invoice.lines.has_more,
    hostedInvoiceUrl: invoice.hosted_invoice_url,
    invoicePdf: invoice.invoice_pdf,
    paidAt: invoice.status_transitions?.paid_at ?? null,
  }
}

/** An invoice may have had several payments: the one that paid it, or else the one that is to. */
function payingOf(payments: readonly z.output<typeof paymentShape>[]): string | null {
  const living = payments.filter(({ status }) => status !== 'canceled')
  const paying = living.find(({ status }) => status === 'paid') ?? living.find((one) => one.is_default) ?? living[0]
  return paying?.payment?.payment_intent ?? null
}

/**
 * `deleted` is told by the event's type: its object is the draft as it last was. So is `paymentFailed`: an invoice counts an
 * attempt that is still processing (a bank debit) as one that was declined.
 */
export function observeInvoice(
  object: Wire,
  sight: Sight,
  { deleted, paymentFailed }: { deleted: boolean; paymentFailed: boolean } = { deleted: false, paymentFailed: false },
): InvoiceObservation {
  const seen = sighted(object, sight, shape)
  const invoice = seen.read
  const { id, customer, livemode, created } = invoice
  const ofSubscription = invoice.parent?.subscription_details ?? invoice.subscription_details
  const metadata = ofSubscription?.metadata ?? {}
  const paymentGatewayId = invoice.payment_intent ?? payingOf(invoice.payments?.data ?? [])
  return {
    object: 'invoice',
    gatewayId: id,
    florinId: null,
    installation: metadata[METADATA.installation] ?? null,
    ...{ customerId: customer, livemode, created },
    subscriptionGatewayId: ofSubscription?.subscription ?? invoice.subscription,
    subscriptionFlorinId: metadata[METADATA.florinId] ?? null,
    invoice: sighting(seen, (read) => invoiceFacts(read, deleted && read === invoice)),
    ...(paymentFailed && { paymentFailed }),
    // Not told is not "none".
    ...(paymentGatewayId !== null && { payment: { facts: { paymentGatewayId }, stamp: sight.stamp } }),
  }
}
