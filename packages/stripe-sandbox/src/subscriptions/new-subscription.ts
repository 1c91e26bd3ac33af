import { redeemAll } from '../coupons/discount.ts'
import type { Context } from '../engine/context.ts'
import { mergeMetadata } from '../engine/metadata.ts'
import type { ParamsOf } from '../engine/params.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { cadenceOf } from '../prices/price.ts'
import { nextBoundary } from './billing-period.ts'
import { requestedEnd } from './scheduled-end.ts'
import { itemList, type StoredSubscription, subscriptions } from './subscription.ts'
import { makeItem, type WantedItem } from './subscription-items.ts'
import { type createShape, requireFuture } from './subscription-params.ts'
import { requestedTrialEnd } from './subscription-trial.ts'

/** What a new subscription is made of. */
export type NewSubscription = Omit<ParamsOf<typeof createShape>, 'items'> & {
  readonly currency: string
  readonly mode: 'classic' | 'flexible'
  readonly items: readonly WantedItem[]
}

/** Stores a new subscription. Its first invoice, and what follows from it, come after. */
export function putSubscription(context: Context, params: NewSubscription): StoredSubscription {
  const { now } = context
  const id = context.newId('sub')
  const trialEnd = requestedTrialEnd(context, params, params.items)
  const anchor = anchorOf(context, params, trialEnd)
  const items = params.items.map((item) => {
    const whole = trialEnd ?? nextBoundary(anchor, cadenceOf(item.price), now)
    const stop = typeof params.cancel_at === 'number' && params.proration_behavior !== 'none' ? params.cancel_at : whole
    return makeItem(context, id, item, { start: now, end: trialEnd ?? Math.min(whole, stop) })
  })
  const discounts = redeemAll(context, params.discounts ?? [], {
    customer: params.customer,
    subscription: id,
    invoice: null,
    currency: params.currency,
  })
  const subscription: StoredSubscription = {
    ...blankSubscription(id, now),
    billing_cycle_anchor: anchor,
    billing_mode: {
      flexible: params.mode === 'flexible' ? { proration_discounts: 'included' } : null,
      type: params.mode,
    },
    currency: params.currency,
    customer: params.customer,
    default_payment_method: params.default_payment_method ?? null,
    description: params.description ?? null,
    discounts,
    items: itemList(id, items),
    metadata: mergeMetadata({}, params.metadata),
    payment_settings: {
      payment_method_options: null,
      payment_method_types: params.payment_settings?.payment_method_types?.slice() ?? null,
      save_default_payment_method: params.payment_settings?.save_default_payment_method ?? 'off',
    },
    status: trialEnd === null ? 'incomplete' : 'trialing',
    trial_end: trialEnd,
    trial_settings: {
      end_behavior: {
        billing_cycle_anchor: params.trial_settings?.end_behavior.billing_cycle_anchor ?? null,
        missing_payment_method: params.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
      },
    },
    trial_start: trialEnd === null ? null : now,
  }
  return context.store.put(subscriptions, { ...subscription, ...requestedEnd(context, subscription, params) })
}

/** Where the billing cycle is anchored: an anchor ahead must come before the first whole period is over. */
function anchorOf(
  context: Context,
  { billing_cycle_anchor: sent, items }: { billing_cycle_anchor?: number; items: readonly WantedItem[] },
  trialEnd: number | null,
): number {
  const start = trialEnd ?? context.now
  if (sent === undefined) return start
  requireFuture(context, sent, 'billing_cycle_anchor')
  for (const { price } of items) {
    const natural = nextBoundary(start, cadenceOf(price), start)
    if (sent <= natural) continue
    throw invalidRequest(`billing_cycle_anchor cannot be later than next natural billing date (${natural}) for plan`, {
      param: 'billing_cycle_anchor',
    })
  }
  return sent
}

const blankSubscription = (id: string, now: number) =>
  ({
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor_config: null,
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    created: now,
    customer_account: null,
    days_until_due: null,
    default_source: null,
    default_tax_rates: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    latest_invoice: null,
    livemode: false,
    managed_payments: { enabled: false },
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    test_clock: null,
    transfer_data: null,
  }) satisfies Partial<StoredSubscription>
