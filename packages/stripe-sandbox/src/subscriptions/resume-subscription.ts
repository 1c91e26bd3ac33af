import type { Context } from '../engine/context.ts'
import { choice, either, object, type ParamsOf, required, timestamp } from '../engine/params.ts'
import { changeAndEmit, changedFrom } from '../engine/previous-attributes.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { invoices } from '../invoices/invoice.ts'
import type { NewLine } from '../invoices/invoice-line.ts'
import { closeInvoice, settleInvoice } from '../invoices/settle-invoice.ts'
import { cadenceOf } from '../prices/price.ts'
import { nextBoundary } from './billing-period.ts'
import { anchorWord } from './change-timing.ts'
import { itemList, type StoredSubscription, subscriptions } from './subscription.ts'
import { invoiceNow, payNow } from './subscription-invoice.ts'
import { withPeriods } from './subscription-items.ts'
import { lineOfPeriod } from './subscription-lines.ts'
import { prorationBehavior } from './subscription-params.ts'
import { firstPaymentWindow, scheduleSubscription } from './subscription-schedule.ts'

/** The task that voids an invoice by which a paused subscription should have been resumed. */
export const resumptionTask = 'subscription.resumption_expires'

export const resumeShape = {
  billing_cycle_anchor: either(choice('now', 'unchanged'), object({ type: required(choice('now', 'unchanged')) })),
  payment_behavior: choice('resume_on_payment_attempt', 'resume_on_payment_success'),
  proration_behavior: prorationBehavior(),
  proration_date: timestamp(),
}

/**
 * Begins a new period of a paused subscription and invoices it at once. The subscription is active when the invoice is
 * paid or given up; if it is voided, or not paid within 23 hours, the subscription stays paused. An attempt to resume takes
 * the place of an earlier one, whose invoice is void then.
 */
export function resumeSubscription(
  context: Context,
  id: string,
  params: ParamsOf<typeof resumeShape>,
): StoredSubscription {
  const before = context.inPath(subscriptions, id, 'subscription')
  if (before.status !== 'paused') {
    throw invalidRequest(`Only subscriptions with the status \`paused\` can be resumed. This one is ${before.status}.`)
  }
  if (params.payment_behavior === 'resume_on_payment_success' && before.billing_mode.type !== 'flexible') {
    throw invalidRequest('`resume_on_payment_success` needs a subscription of the flexible billing mode.', {
      param: 'payment_behavior',
    })
  }
  const earlier = context.store.find(invoices, before.latest_invoice ?? '')
  if (earlier?.status === 'open' && earlier.billing_reason === 'subscription_update')
    closeInvoice(context, earlier.id, 'void')
  const anchor = anchorWord(context, params.billing_cycle_anchor) ?? 'now'
  const lines = anchor === 'now' ? newCycle(context, before) : oldCycle(context, before, params)
  if (lines.length === 0) return activate(context, before)
  const invoice = invoiceNow(context, id, {
    reason: 'subscription_update',
    lines,
    period: { start: context.now, end: context.now },
    auto_advance: params.payment_behavior === 'resume_on_payment_success',
  })
  const waiting = context.inPath(subscriptions, id)
  context.emit('customer.subscription.updated', waiting, changedFrom(before, waiting))
  if (invoice.amount_due === 0) settleInvoice(context, invoice.id, 'nothing_due')
  else {
    context.schedule({ at: context.now + firstPaymentWindow, kind: resumptionTask, id: invoice.id })
    if (params.payment_behavior === 'resume_on_payment_success') {
      payNow(context, invoice, { behavior: 'allow_incomplete', offSession: true })
    }
  }
  return context.inPath(subscriptions, id)
}

/** All items begin a whole new period now. */
function newCycle(context: Context, { id }: StoredSubscription): NewLine[] {
  const { now } = context
  const current = context.inPath(subscriptions, id)
  const items = withPeriods(current, ({ price }) => ({ start: now, end: nextBoundary(now, cadenceOf(price), now) }))
  const moved = context.store.update(subscriptions, id, { billing_cycle_anchor: now, items: itemList(id, items) })
  return moved.items.data.map((item) => lineOfPeriod(context, { subscription: moved, item }))
}

/** The items go on in the cycle that they would be in had there been no pause: what is left of the period is charged. */
function oldCycle(
  context: Context,
  { id }: StoredSubscription,
  { proration_behavior: behavior = 'create_prorations', proration_date: date }: ParamsOf<typeof resumeShape>,
): NewLine[] {
  const current = context.inPath(subscriptions, id)
  const start = date ?? context.now
  const items = withPeriods(current, ({ price }) => ({
    start,
    end: nextBoundary(current.billing_cycle_anchor, cadenceOf(price), context.now),
  }))
  const moved = context.store.update(subscriptions, id, { items: itemList(id, items) })
  if (behavior === 'none') return []
  return moved.items.data.map((item) => lineOfPeriod(context, { subscription: moved, item }))
}

/** Ends the pause. An unpaid resumption leaves the subscription overdue. */
export function activate(
  context: Context,
  before: StoredSubscription,
  status: 'active' | 'past_due' = 'active',
): StoredSubscription {
  const { status_details: _, ...rest } = context.inPath(subscriptions, before.id)
  const active = context.store.put(subscriptions, { ...rest, status })
  scheduleSubscription(context, active)
  context.emit('customer.subscription.updated', active, changedFrom(before, active))
  context.emit('customer.subscription.resumed', active)
  return active
}

/** The invoice of a resumption was not paid in time. */
export function giveUpResumption(context: Context, id: string): void {
  const invoice = context.inPath(invoices, id)
  if (invoice.status === 'open' && !invoice.attempted) closeInvoice(context, id, 'void')
}

/** A pause of collection is over: invoices made from now on are collected again. */
export function resumeCollection(context: Context, id: string): void {
  changeAndEmit(context, subscriptions, {
    id,
    patch: { pause_collection: null },
    event: 'customer.subscription.updated',
  })
}
