import { discounts } from '../coupons/coupon.ts'
import type { Context } from '../engine/context.ts'
import { renderFor } from '../engine/render.ts'
import type { Rendering } from '../engine/slice.ts'
import { isBefore, recordIn, rowsIn, textIn, type Wire, without } from './older-shape.ts'

/** Before basil the whole subscription has one period and one discount; before endive it shows its single plan. */
export const olderSubscription: Rendering = (object, version, context) => {
  if (!isBefore(version, 'endive')) return object
  const rows = rowsIn(object, 'items')
  const only = rows.length === 1 ? rows[0] : undefined
  const older: Record<string, unknown> = {
    ...without(object, 'billing_schedules', 'customer_account', 'managed_payments', 'status_details'),
    cancellation_details: withoutIn(object, 'cancellation_details', 'feedback_option'),
    items: { ...recordIn(object, 'items'), total_count: rows.length },
    plan: only?.plan ?? null,
    quantity: only?.quantity ?? null,
    trial_settings: olderTrialSettings(object),
  }
  if (isBefore(version, 'billingMode')) delete older.billing_mode
  if (isBefore(version, 'cancellationDetails')) {
    delete older.cancellation_details
    delete older.trial_settings
  }
  if (!isBefore(version, 'basil')) return older
  const periods = rows.map(
    (row) => [numberIn(row, 'current_period_start'), numberIn(row, 'current_period_end')] as const,
  )
  return {
    ...older,
    current_period_end: Math.min(...periods.map(([, end]) => end)),
    current_period_start: Math.max(...periods.map(([start]) => start)),
    discount: firstDiscount(context, object, version),
    items: {
      ...recordIn(object, 'items'),
      data: rows.map((row) => without(row, 'current_period_end', 'current_period_start')),
      total_count: rows.length,
    },
  }
}

const numberIn = (object: Wire, name: string): number => Number(object[name])

const withoutIn = (object: Wire, name: string, ...fields: readonly string[]): Wire | null => {
  const found = recordIn(object, name)
  return found === undefined ? null : without(found, ...fields)
}

const olderTrialSettings = (object: Wire): Wire | null => {
  const settings = recordIn(object, 'trial_settings')
  return settings === undefined
    ? null
    : { ...settings, end_behavior: withoutIn(settings, 'end_behavior', 'billing_cycle_anchor') }
}

/** The one discount that older shapes have room for. */
export function firstDiscount(context: Context, object: Wire, version: string): object | null {
  const [first] = Array.isArray(object.discounts) ? object.discounts : []
  if (typeof first === 'object' && first !== null) return first
  const discount = typeof first === 'string' ? context.store.find(discounts, first) : undefined
  return discount === undefined ? null : renderFor(context, discount, version)
}

/** Items know of trials of their own only since endive. Their periods go where their subscription is rendered. */
export const olderSubscriptionItem: Rendering = (object, version) =>
  isBefore(version, 'endive') ? without(object, 'current_trial') : object

/** Before clover a discount holds its coupon whole. */
export const olderDiscount =
  (couponOf: (context: Context, discount: string) => object | null): Rendering =>
  (object, version, context) => {
    if (!isBefore(version, 'endive')) return object
    const older = without(object, 'customer_account')
    if (!isBefore(version, 'clover')) return older
    return { ...without(older, 'source'), coupon: couponOf(context, textIn(object, 'id') ?? '') }
  }

/** Before basil plans and recurring prices say how metered use is added up. */
export const olderPlan: Rendering = (object, version) =>
  isBefore(version, 'basil') ? { ...object, aggregate_usage: null } : object

/** Before basil recurring prices say how metered use is added up, as plans do. Others look the same in all versions. */
export const olderPrice: Rendering = (object, version) => {
  const recurring = recordIn(object, 'recurring')
  return isBefore(version, 'basil') && recurring !== undefined
    ? { ...object, recurring: { ...recurring, aggregate_usage: null } }
    : object
}
