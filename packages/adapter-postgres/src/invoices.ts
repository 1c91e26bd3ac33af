import { type Columns, identity, observations } from './column.ts'

/** The columns of `invoices`. */
export const invoiceColumns: Columns<'invoices'> = {
  ...identity,
  ...observations,
  userId: ['user_id', 'text'],
  customerId: ['customer_id', 'text'],
  gatewayId: ['gateway_id', 'text'],
  subscriptionId: ['subscription_id', 'text'],
  subscriptionGatewayId: ['subscription_gateway_id', 'text'],
  number: ['number', 'text'],
  status: ['status', 'text'],
  gatewayStatus: ['gateway_status', 'text'],
  currency: ['currency', 'text'],
  amountDue: ['amount_due', 'bigint'],
  amountPaid: ['amount_paid', 'bigint'],
  amountRemaining: ['amount_remaining', 'bigint'],
  billingReason: ['billing_reason', 'text'],
  attemptCount: ['attempt_count', 'bigint'],
  nextPaymentAttempt: ['next_payment_attempt', 'timestamptz'],
  periodStart: ['period_start', 'timestamptz'],
  periodEnd: ['period_end', 'timestamptz'],
  lines: ['lines', 'text'],
  hostedInvoiceUrl: ['hosted_invoice_url', 'text'],
  invoicePdf: ['invoice_pdf', 'text'],
  paidAt: ['paid_at', 'timestamptz'],
  paymentGatewayId: ['payment_gateway_id', 'text'],
}
