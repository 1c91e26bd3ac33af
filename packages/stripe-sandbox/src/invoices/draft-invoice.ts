import type { StoredCustomer } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import type { Metadata } from '../engine/metadata.ts'
import { changedFrom } from '../engine/previous-attributes.ts'
import { invoiceItems, lineOfItem, type StoredInvoiceItem } from '../invoice-items/invoice-item.ts'
import type { Period } from '../subscriptions/billing-period.ts'
import { invoiceLines, invoices, lineList, linesOf, type StoredInvoice, type StoredLine } from './invoice.ts'
import { makeLine, type NewLine } from './invoice-line.ts'
import { totalsOf } from './invoice-totals.ts'

/** The task that finalises a draft. */
export const finalizeTask = 'invoice.finalize'

/** A draft that finalises by itself does so after so many seconds, so that items can be added. */
export const draftWindow = 60 * 60

/** What a new draft is made of. */
export interface NewInvoice {
  readonly customer: StoredCustomer
  readonly currency: string
  readonly billing_reason: 'manual' | 'subscription_create' | 'subscription_cycle' | 'subscription_update'
  readonly subscription: { readonly id: string; readonly metadata: Metadata } | null
  readonly period: Period
  readonly lines: readonly NewLine[]
  /** Invoice items that have waited for an invoice, and become lines of this one. */
  readonly pending: readonly StoredInvoiceItem[]
  readonly discounts: readonly string[]
  /** When it finalises by itself; null: not before it is asked to. */
  readonly finalizes_at: number | null
  readonly auto_advance: boolean
  readonly default_payment_method?: string | null
  readonly description?: string | null
  readonly footer?: string | null
  readonly metadata?: Metadata
  readonly custom_fields?: StoredInvoice['custom_fields']
  readonly statement_descriptor?: string | null
  readonly number?: string | null
}

/** Makes a draft with its lines and emits `invoice.created`. */
export function draftInvoice(context: Context, input: NewInvoice): StoredInvoice {
  const { customer } = input
  const id = context.newId('in')
  const given = [...input.pending.map((item) => lineOfItem(context, item)), ...input.lines]
  const lines = given.map((line) => makeLine(context, id, line))
  const totals = totalsOf(context, lines, input.discounts)
  context.store.put(invoiceLines, { id, lines: totals.lines })
  for (const item of input.pending) context.store.update(invoiceItems, item.id, { invoice: id })
  const invoice = context.store.put(invoices, {
    ...blankInvoice(id, context.now),
    ...customerFields(customer),
    ...totals.sums,
    ...amountsOf(totals.sums.total, customer.balance),
    auto_advance: input.auto_advance,
    automatically_finalizes_at: input.finalizes_at,
    billing_reason: input.billing_reason,
    currency: input.currency,
    custom_fields: input.custom_fields ?? customer.invoice_settings.custom_fields,
    default_payment_method: input.default_payment_method ?? null,
    description: input.description ?? null,
    discounts: [...input.discounts],
    footer: input.footer ?? customer.invoice_settings.footer,
    lines: lineList(id, totals.lines),
    metadata: input.metadata ?? {},
    next_payment_attempt: input.auto_advance ? input.finalizes_at : null,
    number: input.number ?? null,
    parent: input.subscription && {
      quote_details: null,
      subscription_details: { metadata: input.subscription.metadata, subscription: input.subscription.id },
      type: 'subscription_details',
    },
    period_end: input.period.end,
    period_start: input.period.start,
    starting_balance: customer.balance,
    statement_descriptor: input.statement_descriptor ?? null,
  })
  if (input.finalizes_at !== null) context.schedule({ at: input.finalizes_at, kind: finalizeTask, id })
  context.emit('invoice.created', invoice)
  return invoice
}

/** Takes the invoice items of a draft as its lines anew, after one was added, changed or removed. */
export function refreshDraftLines(context: Context, id: string): StoredInvoice {
  const before = context.inPath(invoices, id, 'invoice')
  const kept = linesOf(context, id).filter((line) => itemOfLine(line) === null)
  const items = context.store.all(invoiceItems).filter((item) => item.invoice === id)
  const lines = items.map((item) => {
    const known = linesOf(context, id).find((line) => itemOfLine(line) === item.id)
    const line = makeLine(context, id, lineOfItem(context, item))
    return known === undefined ? line : { ...line, id: known.id }
  })
  context.store.put(invoiceLines, { id, lines: [...lines, ...kept] })
  const after = sumUpDraft(context, id)
  context.emit('invoice.updated', after, changedFrom(before, after))
  return after
}

const itemOfLine = ({ parent }: StoredLine): string | null =>
  parent?.invoice_item_details?.invoice_item ?? parent?.subscription_item_details?.invoice_item ?? null

/** Sums up a draft anew, after its lines, its discounts or the customer's balance changed. */
export function sumUpDraft(context: Context, id: string, patch: Partial<StoredInvoice> = {}): StoredInvoice {
  const { discounts, starting_balance: balance } = context.store.update(invoices, id, patch)
  const totals = totalsOf(context, context.store.find(invoiceLines, id)?.lines ?? [], discounts)
  context.store.put(invoiceLines, { id, lines: totals.lines })
  return context.store.update(invoices, id, {
    ...totals.sums,
    ...amountsOf(totals.sums.total, balance),
    lines: lineList(id, totals.lines),
  })
}

/** What remains to be paid after the customer's balance: a credit is negative, a debt positive. */
function amountsOf(total: number, balance: number) {
  const due = Math.max(total + balance, 0)
  return { amount_due: due, amount_paid: 0, amount_remaining: due }
}

type CustomerField =
  | 'customer'
  | 'customer_account'
  | 'customer_address'
  | 'customer_email'
  | 'customer_name'
  | 'customer_phone'
  | 'customer_shipping'
  | 'customer_tax_exempt'
  | 'customer_tax_ids'

/** What an invoice copies from its customer until it is finalised. */
export const customerFields = (customer: StoredCustomer): Pick<StoredInvoice, CustomerField> => ({
  customer: customer.id,
  customer_account: null,
  customer_address: customer.address ?? null,
  customer_email: customer.email,
  customer_name: customer.name ?? null,
  customer_phone: customer.phone ?? null,
  customer_shipping: customer.shipping,
  customer_tax_exempt: customer.tax_exempt ?? 'none',
  customer_tax_ids: [],
})

const blankInvoice = (id: string, now: number) =>
  ({
    id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Florin sandbox',
    account_tax_ids: null,
    amount_overpaid: 0,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    collection_method: 'charge_automatically',
    created: now,
    default_source: null,
    default_tax_rates: [],
    due_date: null,
    effective_at: null,
    ending_balance: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    livemode: false,
    on_behalf_of: null,
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    test_clock: null,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  }) satisfies Partial<StoredInvoice>
