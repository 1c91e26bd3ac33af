import type Stripe from 'stripe'
import { defineCollection, definePrivateCollection, type Row, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'

/** What ties an invoice to the PaymentIntent that pays it. */
export type StoredInvoicePayment = Stored<Stripe.InvoicePayment>

export const invoicePayments = defineCollection<StoredInvoicePayment>('invoice_payment')

/** Finds an invoice by its PaymentIntent, whose id is the row's. */
interface IntentInvoice extends Row {
  readonly invoice: string
  readonly invoice_payment: string
}

export const intentInvoices = definePrivateCollection<IntentInvoice>('intent_invoice')

/** The payment that an invoice is paid by, of which it has one from when it is finalised. */
interface DefaultPayment extends Row {
  readonly payment_intent: string
  readonly invoice_payment: string
}

export const defaultPayments = definePrivateCollection<DefaultPayment>('default_payment')

/** Records that a PaymentIntent will pay an invoice. */
export function linkPayment(
  context: Context,
  { invoice, intent, amount, currency }: { invoice: string; intent: string; amount: number; currency: string },
): StoredInvoicePayment {
  const payment = context.store.put(invoicePayments, {
    id: context.newId('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: amount,
    created: context.now,
    currency,
    invoice,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  })
  context.store.put(intentInvoices, { id: intent, invoice, invoice_payment: payment.id })
  context.store.put(defaultPayments, { id: invoice, payment_intent: intent, invoice_payment: payment.id })
  return payment
}

/** The PaymentIntent of an invoice, or undefined: drafts, and invoices of nothing, have none. */
export const intentOf = (context: Context, invoice: string): string | undefined =>
  context.store.find(defaultPayments, invoice)?.payment_intent

/** Marks the invoice's payment as paid and emits `invoice_payment.paid`. */
export function markPaymentPaid(context: Context, invoice: string): void {
  const link = context.store.find(defaultPayments, invoice)
  if (link === undefined) return
  const { amount_requested: amount } = context.inPath(invoicePayments, link.invoice_payment)
  const paid = context.store.update(invoicePayments, link.invoice_payment, {
    amount_paid: amount,
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: context.now },
  })
  context.emit('invoice_payment.paid', paid)
}

/** Marks it as canceled: the invoice was voided or settled in another way. */
export function markPaymentCanceled(context: Context, invoice: string): void {
  const link = context.store.find(defaultPayments, invoice)
  if (link === undefined) return
  context.store.update(invoicePayments, link.invoice_payment, {
    status: 'canceled',
    status_transitions: { canceled_at: context.now, paid_at: null },
  })
}
