import { type Invoice, invoiceStatuses } from '@florin/core'
import { z } from 'zod'
import { idPath, objectFields, pageOf, stamps, time } from './common.ts'

export const invoicePath = idPath('invoice')

const line = z.object({
  description: z.string().nullable(),
  amount: z.int(),
  quantity: z.int().nullable(),
  price_id: z.string().nullable(),
  period_start: time,
  period_end: time,
  proration: z.boolean(),
})

const period = { period_start: '2026-11-23T15:04:05.000Z', period_end: '2026-12-23T15:04:05.000Z' }

export const invoice = z
  .object({
    ...objectFields('invoice', 'invoice_01jdcqk2d4f6g8h0j2k4m6n8p0'),
    user_id: z.string().nullable(),
    subscription_id: z.string().nullable(),
    number: z.string().nullable(),
    status: z.enum(invoiceStatuses),
    currency: z.string(),
    amount_due: z.int(),
    amount_paid: z.int(),
    amount_remaining: z.int(),
    billing_reason: z.string().nullable(),
    attempt_count: z.int(),
    next_payment_attempt: time.nullable(),
    period_start: time,
    period_end: time,
    lines: z.array(line),
    has_more_lines: z.boolean().meta({ description: 'Stripe tells ten lines; all of them are in the PDF.' }),
    hosted_invoice_url: z.string().nullable(),
    invoice_pdf: z.string().nullable(),
    paid_at: time.nullable(),
    stripe_invoice_id: z.string(),
    stripe_payment_intent_id: z
      .string()
      .nullable()
      .meta({ description: 'The payment that paid it, or is to pay it; `/api/v1/payments/{id}` takes it.' }),
  })
  .meta({
    id: 'Invoice',
    example: {
      id: 'invoice_01jdcqk2d4f6g8h0j2k4m6n8p0',
      object: 'invoice',
      ...stamps,
      user_id: 'user_123',
      subscription_id: 'subscription_01jdcqj7t5v6w7x8y9z0a1b2c3',
      number: 'FLORIN-0001',
      status: 'paid',
      currency: 'USD',
      amount_due: 1000,
      amount_paid: 1000,
      amount_remaining: 0,
      billing_reason: 'subscription_create',
      attempt_count: 1,
      next_payment_attempt: null,
      ...period,
      lines: [
        { description: 'Basic', amount: 1000, quantity: 1, price_id: 'price_1234567890', ...period, proration: false },
      ],
      has_more_lines: false,
      hosted_invoice_url: 'https://invoice.stripe.com/i/acct_1/test_1',
      invoice_pdf: 'https://pay.stripe.com/invoice/acct_1/test_1/pdf',
      paid_at: '2026-11-23T15:04:06.000Z',
      stripe_invoice_id: 'in_1Q0Q5pJvEtkwdCNYb1n2m3k4',
      stripe_payment_intent_id: 'pi_3Q0Q5pJvEtkwdCNY0a1b2c3d',
    },
  })

export const invoicePage = pageOf(invoice, 'Invoice')

export type InvoiceBody = z.infer<typeof invoice>

/** An invoice as the API shows it. Its lines are renamed one by one, so a field that is not named here is not shown. */
export function presentInvoice(it: Invoice): InvoiceBody {
  return {
    id: it.id,
    object: it.object,
    created_at: it.createdAt,
    updated_at: it.updatedAt,
    user_id: it.userId,
    subscription_id: it.subscriptionId,
    number: it.number,
    status: it.status,
    currency: it.currency,
    amount_due: it.amountDue,
    amount_paid: it.amountPaid,
    amount_remaining: it.amountRemaining,
    billing_reason: it.billingReason,
    attempt_count: it.attemptCount,
    next_payment_attempt: it.nextPaymentAttempt,
    period_start: it.periodStart,
    period_end: it.periodEnd,
    lines: it.lines.map((one) => ({
      description: one.description,
      amount: one.amount,
      quantity: one.quantity,
      price_id: one.priceId,
      period_start: one.periodStart,
      period_end: one.periodEnd,
      proration: one.proration,
    })),
    has_more_lines: it.hasMoreLines,
    hosted_invoice_url: it.hostedInvoiceUrl,
    invoice_pdf: it.invoicePdf,
    paid_at: it.paidAt,
    stripe_invoice_id: it.stripeInvoiceId,
    stripe_payment_intent_id: it.stripePaymentIntentId,
  }
}
