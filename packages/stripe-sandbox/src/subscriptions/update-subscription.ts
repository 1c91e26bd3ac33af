import { redeemAll, replaceDiscounts } from '../coupons/discount.ts'
import { requireAttached } from '../customers/customer-params.ts'
import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata } from '../engine/metadata.ts'
import type { ParamsOf } from '../engine/params.ts'
import { changedFrom } from '../engine/previous-attributes.ts'
import { invalidRequest, notImitated } from '../engine/stripe-failure.ts'
import { pendingItems } from '../invoice-items/invoice-item.ts'
import type { StoredInvoice } from '../invoices/invoice.ts'
import { addInvoiceItems } from './added-invoice-items.ts'
import { detailsOf } from './cancel-subscription.ts'
import { changedItems, chargeChanges } from './change-items.ts'
import { restartCycle, startTrial, timingOf } from './change-timing.ts'
import { prorationDate } from './proration.ts'
import { fitPeriods, requestedEnd } from './scheduled-end.ts'
import { isEnded, itemList, nextPeriodEnd, type StoredSubscription, subscriptions } from './subscription.ts'
import { currentSubscription, invoiceNow, payNow } from './subscription-invoice.ts'
import type { updateShape } from './subscription-params.ts'
import { scheduleSubscription } from './subscription-schedule.ts'

export type UpdateParams = ParamsOf<typeof updateShape>

/** Changes a subscription: what is sold, when it is billed, how it ends, and the small things. */
export function updateSubscription(context: Context, id: string, params: UpdateParams): StoredSubscription {
  const before = context.inPath(subscriptions, id)
  checkUpdatable(before, params)
  const behavior = params.proration_behavior ?? 'create_prorations'
  const from = prorationDate(context, before, params.proration_date)
  const items = params.items === undefined ? before.items.data : changedItems(context, before, params.items)
  const timing = timingOf(context, before, items, params)
  const prorates = behavior !== 'none' && before.status !== 'trialing' && before.status !== 'paused'

  if (timing.kind === 'same' && prorates) chargeChanges(context, before, { items, from })
  context.store.update(subscriptions, id, { ...plainChanges(context, before, params), items: itemList(id, items) })
  addInvoiceItems(context, before, params.add_invoice_items ?? [])
  const change = { before, from, prorates }
  const lines =
    timing.kind === 'restart'
      ? restartCycle(context, change)
      : timing.kind === 'trial'
        ? startTrial(context, { ...change, end: timing.end })
        : []
  changeEnd(context, id, params, behavior !== 'none')
  const due = lines.length > 0 || (behavior === 'always_invoice' && hasPending(context, before))
  const invoice = due
    ? invoiceNow(context, id, {
        reason: 'subscription_update',
        lines,
        period: { start: Math.min(...before.items.data.map((item) => item.current_period_start)), end: context.now },
        auto_advance: true,
      })
    : undefined
  finish(context, before)
  if (invoice !== undefined) pay(context, id, invoice, params)
  return currentSubscription(context, before)
}

const ended = 'A canceled subscription can only update its cancellation_details and metadata.'
const incomplete =
  'You cannot update a subscription in `incomplete` status in a way that results in a new invoice or invoice items. Only minor attributes, like `metadata` or `default_payment_method`, can be updated on such subscriptions.'

function checkUpdatable(subscription: StoredSubscription, params: UpdateParams): void {
  const sent = Object.keys(params)
  if (isEnded(subscription) && sent.some((name) => name !== 'metadata' && name !== 'cancellation_details')) {
    throw invalidRequest(ended)
  }
  const billing = ['add_invoice_items', 'billing_cycle_anchor', 'cancel_at', 'discounts', 'items', 'trial_end']
  if (subscription.status === 'incomplete' && sent.some((name) => billing.includes(name))) {
    throw invalidRequest(incomplete)
  }
  if (params.automatic_tax?.enabled === true) {
    throw notImitated('automatic tax', 'automatic_tax[enabled]')
  }
}

/** All that changes without money or time. */
function plainChanges(context: Context, before: StoredSubscription, params: UpdateParams): Partial<StoredSubscription> {
  const { payment_settings: settings, trial_settings: trial, pause_collection: pause, discounts } = params
  const method = params.default_payment_method
  if (method !== undefined) requireAttached(context, method, before.customer, 'default_payment_method')
  return {
    ...definedOnly({ default_payment_method: method, description: params.description }),
    metadata: mergeMetadata(before.metadata, params.metadata),
    ...(settings === undefined
      ? {}
      : {
          payment_settings: {
            payment_method_options: null,
            payment_method_types:
              settings.payment_method_types === undefined
                ? (before.payment_settings?.payment_method_types ?? null)
                : (settings.payment_method_types?.slice() ?? null),
            save_default_payment_method:
              settings.save_default_payment_method ?? before.payment_settings?.save_default_payment_method ?? 'off',
          },
        }),
    ...(trial === undefined
      ? {}
      : {
          trial_settings: {
            end_behavior: {
              billing_cycle_anchor: trial.end_behavior.billing_cycle_anchor ?? null,
              missing_payment_method: trial.end_behavior.missing_payment_method ?? 'create_invoice',
            },
          },
        }),
    ...(pause === undefined
      ? {}
      : { pause_collection: pause && { behavior: pause.behavior, resumes_at: pause.resumes_at ?? null } }),
    ...(params.cancellation_details === undefined
      ? {}
      : { cancellation_details: detailsOf(before, null, params.cancellation_details) }),
    ...(discounts === undefined || (discounts !== null && discounts.length === 0)
      ? {}
      : { discounts: discountsAfter(context, before, discounts ?? []) }),
  }
}

function discountsAfter(
  context: Context,
  { id, customer, currency, discounts }: StoredSubscription,
  sent: NonNullable<UpdateParams['discounts']>,
): string[] {
  const kept = redeemAll(context, sent, { customer, subscription: id, invoice: null, currency })
  replaceDiscounts(context, discounts, kept)
  return kept
}

/** A new end, or the old promise to end with the period, whose end may have moved. */
function changeEnd(context: Context, id: string, params: UpdateParams, prorate: boolean): void {
  const subscription = context.inPath(subscriptions, id)
  const changed = context.store.update(subscriptions, id, requestedEnd(context, subscription, params))
  if (changed.cancel_at_period_end) {
    context.store.update(subscriptions, id, { cancel_at: nextPeriodEnd(changed) })
  } else if (params.cancel_at !== undefined) {
    fitPeriods(context, id, { prorate })
  }
}

const hasPending = (context: Context, { id, customer, currency }: StoredSubscription): boolean =>
  pendingItems(context, { customer, subscription: id, currency }).length > 0

function finish(context: Context, before: StoredSubscription): void {
  const after = currentSubscription(context, before)
  if (!isEnded(after)) scheduleSubscription(context, after)
  const previous = changedFrom(before, after)
  if (Object.keys(previous).length > 0) context.emit('customer.subscription.updated', after, previous)
}

function pay(context: Context, id: string, invoice: StoredInvoice, params: UpdateParams): void {
  const behavior = params.payment_behavior ?? 'allow_incomplete'
  if (behavior === 'default_incomplete' && invoice.amount_due > 0) {
    const before = context.inPath(subscriptions, id)
    const owing = context.store.update(subscriptions, id, { status: 'past_due' })
    if (before.status !== 'past_due') context.emit('customer.subscription.updated', owing, { status: before.status })
  }
  payNow(context, invoice, { behavior, offSession: params.off_session ?? false })
}
