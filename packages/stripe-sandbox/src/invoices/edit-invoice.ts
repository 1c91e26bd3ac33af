import { redeemAll } from '../coupons/discount.ts'
import { liveCustomer } from '../customers/customer.ts'
import { requireAttached } from '../customers/customer-params.ts'
import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata } from '../engine/metadata.ts'
import type { ParamsOf } from '../engine/params.ts'
import { changedFrom } from '../engine/previous-attributes.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { invoiceItems, pendingItems } from '../invoice-items/invoice-item.ts'
import { subscriptions } from '../subscriptions/subscription.ts'
import { requireFuture } from '../subscriptions/subscription-params.ts'
import { collectTask } from './collection-attempt.ts'
import { draftInvoice, draftWindow, finalizeTask, sumUpDraft } from './draft-invoice.ts'
import { invoiceLines, invoices, type StoredInvoice } from './invoice.ts'
import type { createInvoiceShape, updateInvoiceShape } from './invoice-params.ts'

/** Makes a one-off draft, or one for what waits for a subscription's next invoice. */
export function createInvoice(context: Context, params: ParamsOf<typeof createInvoiceShape>): StoredInvoice {
  const customer = liveCustomer(context, params.customer, 'customer')
  const subscription =
    params.subscription === undefined ? null : context.inParam(subscriptions, params.subscription, 'subscription')
  if (subscription !== null && subscription.customer !== customer.id) {
    throw invalidRequest('The subscription does not belong to the customer.', { param: 'subscription' })
  }
  const method = params.default_payment_method
  if (method !== undefined) requireAttached(context, method, customer.id, 'default_payment_method')
  const currency = params.currency ?? subscription?.currency ?? customer.currency ?? 'usd'
  const include = params.pending_invoice_items_behavior === 'include' || subscription !== null
  const pending = include
    ? pendingItems(context, { customer: customer.id, subscription: subscription?.id ?? null, currency })
    : []
  if (subscription !== null && pending.length === 0) {
    throw invalidRequest('Nothing to invoice for subscription', {
      code: 'invoice_no_subscription_line_items',
      param: 'subscription',
    })
  }
  if (params.automatically_finalizes_at !== undefined) {
    requireFuture(context, params.automatically_finalizes_at, 'automatically_finalizes_at')
  }
  const advances = params.auto_advance ?? params.automatically_finalizes_at !== undefined
  const discounts = redeemAll(context, params.discounts ?? [], {
    customer: customer.id,
    subscription: null,
    invoice: null,
    currency,
  })
  const draft = draftInvoice(context, {
    customer,
    currency,
    billing_reason: 'manual',
    subscription,
    period: { start: context.now, end: context.now },
    lines: [],
    pending,
    discounts,
    finalizes_at: advances ? (params.automatically_finalizes_at ?? context.now + draftWindow) : null,
    auto_advance: advances,
    default_payment_method: method ?? null,
    description: params.description ?? null,
    metadata: mergeMetadata({}, params.metadata),
    statement_descriptor: params.statement_descriptor ?? null,
    number: params.number ?? null,
    ...definedOnly({ footer: params.footer, custom_fields: params.custom_fields?.map((field) => ({ ...field })) }),
  })
  if (subscription !== null) context.store.update(subscriptions, subscription.id, { latest_invoice: draft.id })
  return draft
}

/** What may still be changed once an invoice is finalised. */
const always = ['auto_advance', 'default_payment_method', 'metadata']

/** Changes an invoice: a draft in all, a finalised one in little. */
export function updateInvoice(
  context: Context,
  id: string,
  params: ParamsOf<typeof updateInvoiceShape>,
): StoredInvoice {
  const before = context.inPath(invoices, id, 'invoice')
  const frozen = Object.keys(params).filter((name) => !always.includes(name))
  if (before.status !== 'draft' && frozen[0] !== undefined) {
    throw invalidRequest(`Finalized invoices can't be updated in this way: ${frozen.join(', ')}.`, {
      code: 'invoice_not_editable',
      param: frozen[0],
    })
  }
  const method = params.default_payment_method
  if (method !== undefined) requireAttached(context, method, before.customer ?? '', 'default_payment_method')
  const patch: Partial<StoredInvoice> = {
    ...definedOnly({
      default_payment_method: method,
      description: params.description,
      footer: params.footer,
      number: params.number,
      statement_descriptor: params.statement_descriptor,
    }),
    ...(params.custom_fields === undefined
      ? {}
      : { custom_fields: params.custom_fields?.map((field) => ({ ...field })) ?? null }),
    ...(params.discounts === undefined ? {} : { discounts: redeemFor(context, before, params.discounts ?? []) }),
    metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
    ...advanceOf(context, before, params),
  }
  const after = before.status === 'draft' ? sumUpDraft(context, id, patch) : context.store.update(invoices, id, patch)
  const previous = changedFrom(before, after)
  if (Object.keys(previous).length > 0) context.emit('invoice.updated', after, previous)
  return after
}

const redeemFor = (
  context: Context,
  { customer, currency }: StoredInvoice,
  sent: NonNullable<ParamsOf<typeof updateInvoiceShape>['discounts']>,
): string[] => redeemAll(context, sent, { customer: customer ?? '', subscription: null, invoice: null, currency })

/** Turns the automatic steps on or off. An open invoice that is turned on is collected within the hour. */
function advanceOf(
  context: Context,
  { id, status, auto_advance: was }: StoredInvoice,
  params: ParamsOf<typeof updateInvoiceShape>,
): Partial<StoredInvoice> {
  const { auto_advance: advances, automatically_finalizes_at: at } = params
  if (advances === undefined && at === undefined) return {}
  if (at !== undefined) requireFuture(context, at, 'automatically_finalizes_at')
  const on = advances ?? true
  if (on === was && at === undefined) return {}
  const next = on ? (at ?? context.now + draftWindow) : null
  context.unschedule(finalizeTask, id)
  context.unschedule(collectTask, id)
  if (status !== 'draft' && status !== 'open') return { auto_advance: on }
  if (next !== null) context.schedule({ at: next, kind: status === 'draft' ? finalizeTask : collectTask, id })
  return {
    auto_advance: on,
    automatically_finalizes_at: status === 'draft' ? next : null,
    next_payment_attempt: next,
  }
}

/** Deletes a one-off draft. Its invoice items wait again. */
export function deleteInvoice(context: Context, id: string): object {
  const invoice = context.inPath(invoices, id, 'invoice')
  if (invoice.status !== 'draft' || invoice.billing_reason !== 'manual' || invoice.parent !== null) {
    throw invalidRequest('You can only delete draft invoices that are not for a subscription.', {
      code: 'invoice_not_editable',
    })
  }
  for (const item of context.store.all(invoiceItems)) {
    if (item.invoice === id) context.store.update(invoiceItems, item.id, { invoice: null })
  }
  context.unschedule(finalizeTask, id)
  context.store.remove(invoices, id)
  context.store.remove(invoiceLines, id)
  context.emit('invoice.deleted', invoice)
  return { id, object: 'invoice', deleted: true }
}
