import { liveCustomer } from '../customers/customer.ts'
import { requireAttached } from '../customers/customer-params.ts'
import { versionRank } from '../engine/api-versions.ts'
import { idOf } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import type { ParamsOf } from '../engine/params.ts'
import { invalidRequest, notImitated } from '../engine/stripe-failure.ts'
import { noPaymentMethod } from '../invoices/collect-invoice.ts'
import type { NewLine } from '../invoices/invoice-line.ts'
import { addInvoiceItems } from './added-invoice-items.ts'
import { putSubscription } from './new-subscription.ts'
import { type StoredSubscription, subscriptions } from './subscription.ts'
import { currentSubscription, invoiceNow, payNow } from './subscription-invoice.ts'
import { checkTogether, currencyOfItems, wantedItems } from './subscription-items.ts'
import { lineOfPeriod, lineOfTrial } from './subscription-lines.ts'
import type { createShape } from './subscription-params.ts'
import { scheduleSubscription } from './subscription-schedule.ts'
import { announceTrialEnd, pendingSetup } from './subscription-trial.ts'

type CreateParams = ParamsOf<typeof createShape>

/** Subscribes a customer: the first invoice is issued at once, and paid as `payment_behavior` says. */
export function createSubscription(context: Context, params: CreateParams): StoredSubscription {
  const customer = liveCustomer(context, params.customer, 'customer')
  checkCount(context, customer.id)
  if (params.automatic_tax?.enabled === true) {
    throw notImitated('automatic tax', 'automatic_tax[enabled]')
  }
  const mode = params.billing_mode?.type ?? defaultMode(context)
  const items = wantedItems(context, params.items)
  checkTogether(items, mode)
  const currency = currencyOfItems(items)
  checkCurrencyOf(customer.currency ?? null, currency, params.currency)
  const method = params.default_payment_method ?? null
  if (method !== null) requireAttached(context, method, customer.id, 'default_payment_method')

  const made = putSubscription(context, { ...params, customer: customer.id, currency, mode, items })
  addInvoiceItems(context, made, params.add_invoice_items ?? [])
  const invoice = invoiceNow(context, made.id, {
    reason: 'subscription_create',
    lines: firstLines(context, made, params.proration_behavior === 'none'),
    period: { start: context.now, end: context.now },
    auto_advance: false,
  })
  const card = method ?? idOf(customer.invoice_settings.default_payment_method)
  const behavior = params.payment_behavior ?? 'allow_incomplete'
  if (invoice.amount_due > 0 && card === null && behavior !== 'default_incomplete') throw noPaymentMethod()
  const trialing = made.status === 'trialing'
  const created = context.store.update(subscriptions, made.id, {
    status: trialing || invoice.amount_due > 0 ? made.status : 'active',
    ...(invoice.amount_due > 0
      ? {}
      : {
          pending_setup_intent: pendingSetup(context, {
            customer: customer.id,
            method: card,
            incomplete: trialing || behavior === 'default_incomplete',
          }),
        }),
  })
  context.emit('customer.subscription.created', created)
  scheduleSubscription(context, created)
  announceTrialEnd(context, created)
  payNow(context, invoice, { behavior, offSession: params.off_session ?? false })
  return currentSubscription(context, made)
}

/** Subscriptions made through an API of clover or newer are flexible unless they ask for the old ways. */
const defaultMode = ({ apiVersion }: Context): 'classic' | 'flexible' =>
  versionRank(apiVersion) >= versionRank('2025-09-30.clover') ? 'flexible' : 'classic'

function checkCount(context: Context, customer: string): void {
  let count = 0
  for (const row of context.store.all(subscriptions)) {
    if (row.customer === customer && row.status !== 'canceled' && row.status !== 'incomplete_expired') count += 1
  }
  if (count < 500) return
  throw invalidRequest(`Customer ${customer} has the maximum number of subscriptions (500).`, {
    code: 'customer_max_subscriptions',
  })
}

function checkCurrencyOf(customer: string | null, items: string, sent: string | undefined): void {
  if (sent !== undefined && sent !== items) {
    throw invalidRequest(
      `The price specified only supports \`${items}\`. This doesn't match the expected currency: \`${sent}\`.`,
      {
        param: 'currency',
      },
    )
  }
  if (customer !== null && customer !== items) {
    throw invalidRequest(
      `You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency ${customer}.`,
    )
  }
}

function firstLines(context: Context, subscription: StoredSubscription, unprorated: boolean): NewLine[] {
  const ahead = subscription.billing_cycle_anchor > context.now
  return subscription.items.data.map((item) =>
    subscription.status === 'trialing'
      ? lineOfTrial(context, { subscription, item })
      : lineOfPeriod(context, { subscription, item, free: ahead && unprorated }),
  )
}
