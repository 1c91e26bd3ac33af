import { accounts } from '../account/account.ts'
import { checkAmount } from '../charges/currency.ts'
import { customers, isLive, type StoredCustomer, updateCustomer } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { changedFrom } from '../engine/previous-attributes.ts'
import { invalidRequest, StripeFailure } from '../engine/stripe-failure.ts'
import { linkPayment } from '../invoice-payments/invoice-payment.ts'
import { openPaymentIntent } from '../payment-intents/open-payment-intent.ts'
import { customerFields, finalizeTask, sumUpDraft } from './draft-invoice.ts'
import { invoices, type StoredInvoice, subscriptionOf } from './invoice.ts'

/**
 * Freezes a draft: it gets its number, takes what the customer's balance gives, and a PaymentIntent for the rest. Nothing
 * is charged yet. Emits `invoice.finalized`.
 */
export function finalizeInvoice(
  context: Context,
  id: string,
  { autoAdvance, nextAttempt }: { autoAdvance?: boolean; nextAttempt?: number | null } = {},
): StoredInvoice {
  const draft = context.inPath(invoices, id, 'invoice')
  if (draft.status !== 'draft') {
    throw invalidRequest(`This invoice is already finalized, you can't re-finalize a non-draft invoice.`, {
      code: 'invoice_not_editable',
    })
  }
  const customer = ownerOf(context, draft)
  context.unschedule(finalizeTask, id)
  const summed = sumUpDraft(context, id, { ...customerFields(customer), starting_balance: customer.balance })
  const owed = summed.total + customer.balance
  // A sum too small for the card networks is not charged: it stays on the customer's balance.
  const due = owed > 0 && !tooSmall(owed, summed.currency) ? owed : 0
  const ending = due > 0 ? 0 : owed
  const place = `${context.store.all(accounts)[0]?.id}/test_${context.newCode('invoice_url', 40)}`
  const open = context.store.update(invoices, id, {
    amount_due: due,
    amount_remaining: due,
    auto_advance: autoAdvance ?? draft.auto_advance ?? false,
    automatically_finalizes_at: null,
    effective_at: context.now,
    ending_balance: ending,
    hosted_invoice_url: `https://invoice.stripe.com/i/${place}?s=ap`,
    invoice_pdf: `https://pay.stripe.com/invoice/${place}/pdf?s=ap`,
    next_payment_attempt: nextAttempt === undefined ? draft.next_payment_attempt : nextAttempt,
    number: draft.number ?? takeNumber(context, customer),
    status: 'open',
    status_transitions: { ...draft.status_transitions, finalized_at: context.now },
    webhooks_delivered_at: context.now,
  })
  changeCustomer(context, customer.id, { balance: ending, currency: customer.currency ?? open.currency })
  if (due > 0) openPayment(context, open)
  context.emit('invoice.finalized', open)
  return open
}

/** Replaces fields of a customer and emits `customer.updated` if any differs. */
export function changeCustomer(context: Context, id: string, patch: Partial<StoredCustomer>): void {
  const before = context.store.find(customers, id)
  if (!isLive(before)) return
  const after = updateCustomer(context, id, patch)
  const previous = changedFrom(before, after)
  if (Object.keys(previous).length > 0) context.emit('customer.updated', after, previous)
}

/** The customer of an invoice. A deleted one can be billed no more. */
function ownerOf(context: Context, invoice: StoredInvoice): StoredCustomer {
  const customer = context.store.find(customers, invoice.customer ?? '')
  if (isLive(customer)) return customer
  throw invalidRequest('The customer of this invoice has been deleted.', {
    code: 'resource_missing',
    param: 'customer',
  })
}

function takeNumber(context: Context, customer: StoredCustomer): string {
  const sequence = customer.next_invoice_sequence ?? 1
  updateCustomer(context, customer.id, { next_invoice_sequence: sequence + 1 })
  return `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`
}

/** Makes the PaymentIntent by which an invoice will be paid, and gives its id. */
export function openPayment(context: Context, invoice: StoredInvoice): string {
  const intent = openPaymentIntent(context, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer,
    description: descriptionOf(invoice),
    setup_future_usage: subscriptionOf(invoice) === null ? null : 'off_session',
  })
  linkPayment(context, {
    invoice: invoice.id,
    intent: intent.id,
    amount: invoice.amount_due,
    currency: invoice.currency,
  })
  return intent.id
}

const descriptionOf = (invoice: StoredInvoice): string => {
  if (subscriptionOf(invoice) === null) return `Payment for Invoice`
  return invoice.billing_reason === 'subscription_create' ? 'Subscription creation' : 'Subscription update'
}

function tooSmall(amount: number, currency: string): boolean {
  try {
    checkAmount(amount, currency)
    return false
  } catch (error) {
    if (error instanceof StripeFailure) return error.body.code === 'amount_too_small'
    throw error
  }
}
