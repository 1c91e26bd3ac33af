import type { Context } from '../engine/context.ts'
import { changeAndEmit } from '../engine/previous-attributes.ts'
import { intentOf } from '../invoice-payments/invoice-payment.ts'
import { dunningOf } from '../invoices/dunning.ts'
import { invoices, type StoredInvoice, subscriptionOf } from '../invoices/invoice.ts'
import { closeInvoice } from '../invoices/settle-invoice.ts'
import { paymentIntents } from '../payment-intents/payment-intent.ts'
import { paymentMethods } from '../payment-methods/payment-method.ts'
import { prices } from '../prices/price.ts'
import { setupIntents } from '../setup-intents/setup-intent.ts'
import { endSubscription } from './cancel-subscription.ts'
import { activate } from './resume-subscription.ts'
import { findSubscription, isEnded, itemList, type StoredSubscription, subscriptions } from './subscription.ts'
import { withPrice } from './subscription-items.ts'
import { scheduleSubscription } from './subscription-schedule.ts'

const change = (context: Context, id: string, patch: Partial<StoredSubscription>): StoredSubscription =>
  changeAndEmit(context, subscriptions, { id, patch, event: 'customer.subscription.updated' })

const ownerOf = (context: Context, invoice: StoredInvoice): StoredSubscription | undefined =>
  findSubscription(context, subscriptionOf(invoice))

/** The reaction to a paid invoice: the first one makes the subscription active, a late one makes it active again. */
export function onInvoicePaid(context: Context, id: string): void {
  const invoice = context.inPath(invoices, id)
  const subscription = ownerOf(context, invoice)
  if (subscription === undefined || isEnded(subscription)) return
  if (subscription.status === 'paused' && invoice.id === subscription.latest_invoice) {
    activate(context, subscription)
    return
  }
  const changed = change(context, subscription.id, {
    ...recovered(context, subscription, invoice),
    ...rememberedCard(context, subscription, invoice),
  })
  if (changed.status !== subscription.status) scheduleSubscription(context, changed)
}

/** The reaction to an invoice that was voided or given up. */
export function onInvoiceClosed(context: Context, id: string): void {
  const invoice = context.inPath(invoices, id)
  const subscription = ownerOf(context, invoice)
  if (subscription === undefined || isEnded(subscription)) return
  if (subscription.status === 'incomplete') {
    if (invoice.status === 'void') expire(context, subscription)
    return
  }
  if (subscription.status === 'paused') {
    if (invoice.status === 'uncollectible' && invoice.id === subscription.latest_invoice)
      activate(context, subscription)
    return
  }
  const changed = change(context, subscription.id, recovered(context, subscription, invoice))
  if (changed.status !== subscription.status) scheduleSubscription(context, changed)
}

function recovered(
  context: Context,
  { id, status, latest_invoice: latest }: StoredSubscription,
  closed: StoredInvoice,
): Partial<StoredSubscription> {
  if (status === 'incomplete') return closed.id === latest ? { status: 'active' } : {}
  if (status !== 'past_due' && status !== 'unpaid') return {}
  const owes = context.store
    .all(invoices)
    .some((invoice) => subscriptionOf(invoice) === id && invoice.status === 'open' && invoice.attempted)
  return owes ? {} : { status: 'active' }
}

/** `save_default_payment_method: on_subscription` keeps the card that has paid. */
function rememberedCard(
  context: Context,
  { payment_settings: settings, customer }: StoredSubscription,
  invoice: StoredInvoice,
): Partial<StoredSubscription> {
  if (settings?.save_default_payment_method !== 'on_subscription') return {}
  const method = context.store.find(paymentIntents, intentOf(context, invoice.id) ?? '')?.payment_method ?? null
  if (method === null || context.store.find(paymentMethods, method)?.customer !== customer) return {}
  return { default_payment_method: method }
}

/** The reaction to a failed payment: overdue, and after the last retry what the account's settings say. */
export function onInvoiceFailed(context: Context, id: string): void {
  const invoice = context.inPath(invoices, id)
  const subscription = ownerOf(context, invoice)
  // What was given up is owed no more, though it can still be paid.
  if (invoice.status === 'uncollectible') return
  if (subscription === undefined || isEnded(subscription) || subscription.status === 'incomplete') return
  if (subscription.status === 'paused') {
    if (invoice.auto_advance !== true && invoice.id === subscription.latest_invoice) {
      activate(context, subscription, 'past_due')
    }
    return
  }
  const { retry_days: days, after_last_retry: end } = dunningOf(context)
  const exhausted =
    invoice.auto_advance === true && invoice.next_payment_attempt === null && invoice.attempt_count > days.length
  if (!exhausted || end === 'past_due') {
    if (subscription.status === 'active' || subscription.status === 'trialing') {
      change(context, subscription.id, { status: 'past_due' })
    }
  } else if (end === 'unpaid') {
    change(context, subscription.id, { status: 'unpaid' })
  } else {
    endSubscription(context, subscription.id, { reason: 'payment_failed' })
  }
}

/** The first invoice was not paid in time: it is voided, and with that the subscription ends. */
export function expireIncomplete(context: Context, id: string): void {
  const subscription = context.inPath(subscriptions, id)
  if (subscription.status !== 'incomplete') return
  const first = context.store.find(invoices, subscription.latest_invoice ?? '')
  if (first?.status === 'open') closeInvoice(context, first.id, 'void')
  else expire(context, subscription)
}

function expire(context: Context, { id }: StoredSubscription): void {
  const expired = change(context, id, { ended_at: context.now, status: 'incomplete_expired' })
  scheduleSubscription(context, expired)
}

/** The reaction to a SetupIntent that has succeeded: the subscription waits for it no more, and has a card. */
export function onSetupSucceeded(context: Context, id: string): void {
  const subscription = context.store.all(subscriptions).find((row) => row.pending_setup_intent === id)
  const method = context.store.find(setupIntents, id)?.payment_method ?? null
  if (subscription === undefined || isEnded(subscription)) return
  change(context, subscription.id, {
    pending_setup_intent: null,
    ...(method === null ? {} : { default_payment_method: method }),
  })
}

/** The reaction to a detached card: nobody's default may be a card that is gone. */
export function onMethodDetached(context: Context, method: string): void {
  for (const subscription of context.store.all(subscriptions)) {
    if (subscription.default_payment_method === method && !isEnded(subscription)) {
      change(context, subscription.id, { default_payment_method: null })
    }
  }
}

/** The reaction to a deleted customer: its subscriptions end. */
export function onCustomerDeleted(context: Context, customer: string): void {
  for (const subscription of context.store.all(subscriptions)) {
    if (subscription.customer === customer && !isEnded(subscription)) {
      endSubscription(context, subscription.id, { reason: null })
    }
  }
}

/** The reaction to a changed price: items show it as it is now, without an event of their own. */
export function onPriceUpdated(context: Context, id: string): void {
  const price = context.store.find(prices, id)
  if (price === undefined) return
  for (const subscription of context.store.all(subscriptions)) {
    if (subscription.items.data.every((item) => item.price.id !== id)) continue
    const items = subscription.items.data.map((item) => (item.price.id === id ? withPrice(item, price) : item))
    context.store.update(subscriptions, subscription.id, { items: itemList(subscription.id, items) })
  }
}
