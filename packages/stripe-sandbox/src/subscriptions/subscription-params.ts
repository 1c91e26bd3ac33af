import type { Context } from '../engine/context.ts'
import { metadataParam } from '../engine/metadata.ts'
import {
  choice,
  choiceBut,
  clearable,
  decimal,
  either,
  flag,
  integer,
  list,
  object,
  required,
  text,
  timestamp,
  unsupported,
} from '../engine/params.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { methodType } from '../payment-methods/method-types.ts'
import { currencyParam, recurringParam } from '../prices/price-params.ts'

const priceData = () =>
  object({
    currency: required(currencyParam()),
    product: required(text()),
    recurring: required(recurringParam()),
    tax_behavior: choice('exclusive', 'inclusive', 'unspecified'),
    unit_amount: integer({ min: 0 }),
    unit_amount_decimal: decimal(),
  })

const itemShape = {
  billing_thresholds: unsupported(),
  current_trial: unsupported(),
  discounts: unsupported(),
  metadata: metadataParam(),
  plan: text(),
  price: text(),
  price_data: priceData(),
  quantity: integer({ min: 0 }),
  tax_rates: unsupported(),
}

/** Items of a new subscription. */
const newItems = () => list(object(itemShape), { max: 20 })

/** Items of an update: by id, or new ones. */
const changedItems = () =>
  list(object({ ...itemShape, clear_usage: unsupported(), deleted: flag(), id: text() }), { max: 20 })

/** Coupons to redeem. */
export const discountList = () =>
  clearable(list(object({ coupon: text(), discount: text(), promotion_code: unsupported() }), { max: 20 }))

/** One-off prices that are added to the next invoice. */
const addedInvoiceItems = () =>
  list(
    object({
      discountable: flag(),
      discounts: unsupported(),
      metadata: metadataParam(),
      period: unsupported(),
      price: required(text()),
      price_data: unsupported(),
      quantity: integer({ min: 0 }),
      tax_rates: unsupported(),
    }),
    { max: 20 },
  )

/** What a change does about time that is paid for already. Where it is absent, `create_prorations` is meant. */
export const prorationBehavior = () => choice('always_invoice', 'create_prorations', 'none')

/** Why a subscription was canceled. */
export const cancellationDetails = () =>
  object({
    comment: clearable(text()),
    feedback: clearable(
      choice(
        'customer_service',
        'low_quality',
        'missing_features',
        'other',
        'switched_service',
        'too_complex',
        'too_expensive',
        'unused',
      ),
    ),
    feedback_option: unsupported(),
  })

/** What creating and updating share. */
const sharedShape = {
  add_invoice_items: addedInvoiceItems(),
  application_fee_percent: unsupported(),
  automatic_tax: object({ enabled: required(flag()), liability: unsupported() }),
  billing_schedules: unsupported(),
  billing_thresholds: unsupported(),
  cancel_at_period_end: flag(),
  collection_method: choiceBut(['charge_automatically'], ['send_invoice']),
  days_until_due: unsupported(),
  default_payment_method: text(),
  default_source: unsupported(),
  default_tax_rates: unsupported(),
  discounts: discountList(),
  invoice_settings: unsupported(),
  metadata: metadataParam(),
  off_session: flag(),
  on_behalf_of: unsupported(),
  payment_settings: object({
    payment_method_options: unsupported(),
    payment_method_types: clearable(list(methodType())),
    save_default_payment_method: choice('off', 'on_subscription'),
  }),
  pending_invoice_item_interval: unsupported(),
  proration_behavior: prorationBehavior(),
  transfer_data: unsupported(),
  trial_end: either(choice('now'), timestamp()),
  trial_from_plan: flag(),
  trial_settings: object({
    end_behavior: required(
      object({
        billing_cycle_anchor: choiceBut(['now'], ['unchanged']),
        missing_payment_method: choice('cancel', 'create_invoice', 'pause'),
      }),
    ),
  }),
}

export const createShape = {
  ...sharedShape,
  backdate_start_date: unsupported(),
  billing_cycle_anchor: timestamp(),
  billing_cycle_anchor_config: unsupported(),
  billing_mode: object({
    flexible: object({ proration_discounts: choiceBut(['included'], ['itemized']) }),
    type: required(choice('classic', 'flexible')),
  }),
  cancel_at: either(choiceBut(['max_period_end', 'min_period_end'], ['max_billed_until']), timestamp()),
  currency: currencyParam(),
  customer: required(text()),
  customer_account: unsupported(),
  description: text({ max: 500 }),
  items: required(newItems()),
  payment_behavior: choiceBut(
    ['allow_incomplete', 'default_incomplete', 'error_if_incomplete'],
    ['pending_if_incomplete'],
  ),
  trial_period_days: integer({ min: 0, max: 730 }),
}

export const updateShape = {
  ...sharedShape,
  billing_cycle_anchor: either(choice('now', 'unchanged'), object({ type: required(choice('now', 'unchanged')) })),
  cancel_at: clearable(either(choiceBut(['max_period_end', 'min_period_end'], ['max_billed_until']), timestamp())),
  cancellation_details: cancellationDetails(),
  description: clearable(text({ max: 500 })),
  items: changedItems(),
  pause_collection: clearable(
    object({
      behavior: required(choice('keep_as_draft', 'mark_uncollectible', 'void')),
      resumes_at: timestamp(),
    }),
  ),
  payment_behavior: choiceBut(
    ['allow_incomplete', 'default_incomplete', 'error_if_incomplete'],
    ['pending_if_incomplete'],
  ),
  proration_date: timestamp(),
}

/** A moment that must lie ahead. */
export function requireFuture(context: Context, moment: number, param: string): void {
  if (moment > context.now) return
  throw invalidRequest('Invalid timestamp: must be an integer Unix timestamp in the future.', { param })
}
