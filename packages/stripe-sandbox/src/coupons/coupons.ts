import { checkCurrency } from '../charges/currency.ts'
import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { createdWithin, pageOf } from '../engine/page.ts'
import {
  choice,
  createdFilter,
  decimal,
  integer,
  type Param,
  type ParamsOf,
  pageShape,
  text,
  timestamp,
  unsupported,
} from '../engine/params.ts'
import { changeAndEmit } from '../engine/previous-attributes.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invalidParam, invalidRequest } from '../engine/stripe-failure.ts'
import { coupons, deletedCoupons, discounts, type StoredCoupon } from './coupon.ts'

/** Above 0, at most 100, with at most two decimals. */
const percentage = (): Param<number, false> => ({
  required: false,
  read(value, name) {
    const percent = Number(decimal().read(value, name))
    if (percent > 0 && percent <= 100 && Number.isInteger(Math.round(percent * 1e6) / 1e4)) return percent
    throw invalidParam('Invalid percent_off: must be greater than 0 and at most 100, with two decimals', name)
  },
})

const createShape = {
  amount_off: integer({ min: 1 }),
  applies_to: unsupported(),
  currency: text(),
  currency_options: unsupported(),
  duration: choice('forever', 'once', 'repeating'),
  duration_in_months: integer({ min: 1 }),
  id: text({ max: 500 }),
  max_redemptions: integer({ min: 1 }),
  metadata: metadataParam(),
  name: text({ max: 40 }),
  percent_off: percentage(),
  redeem_by: timestamp(),
}

function createCoupon(context: Context, params: ParamsOf<typeof createShape>): StoredCoupon {
  const { amount_off: amount = null, percent_off: percent = null, duration = 'once' } = params
  if ((amount === null) === (percent === null)) {
    throw invalidRequest('You must pass either percent_off or amount_off, and not both.', { param: 'percent_off' })
  }
  if (amount !== null && params.currency === undefined) {
    throw invalidRequest('You must pass currency when passing amount_off.', {
      code: 'parameter_missing',
      param: 'currency',
    })
  }
  if ((duration === 'repeating') !== (params.duration_in_months !== undefined)) {
    throw invalidRequest('You must pass duration_in_months when passing duration repeating, and only then.', {
      param: 'duration_in_months',
    })
  }
  const id = params.id ?? context.newId('cpn', 8).slice(4)
  if (context.store.find(coupons, id) !== undefined) {
    throw invalidRequest('Coupon already exists.', { code: 'resource_already_exists', param: 'id' })
  }
  const coupon = context.store.put(coupons, {
    id,
    object: 'coupon',
    amount_off: amount,
    created: context.now,
    currency: amount === null || params.currency === undefined ? null : checkCurrency(params.currency),
    duration,
    duration_in_months: params.duration_in_months ?? null,
    livemode: false,
    max_redemptions: params.max_redemptions ?? null,
    metadata: mergeMetadata({}, params.metadata),
    name: params.name ?? null,
    percent_off: percent,
    redeem_by: params.redeem_by ?? null,
    times_redeemed: 0,
    valid: true,
  })
  context.emit('coupon.created', coupon)
  if (coupon.redeem_by !== null) context.schedule({ at: coupon.redeem_by, kind: 'coupon.redeem_by', id })
  return coupon
}

/** Coupons, and the discounts that they are redeemed into. */
export const couponSlice: Slice = {
  name: 'coupons',
  collections: [coupons, discounts],
  routes: [
    route({ method: 'POST', path: '/v1/coupons', params: createShape, handler: createCoupon }),
    route({
      method: 'GET',
      path: '/v1/coupons/:id',
      params: {},
      handler: (context, _, id) => context.inPath(coupons, id, 'coupon'),
    }),
    route({
      method: 'POST',
      path: '/v1/coupons/:id',
      params: { currency_options: unsupported(), metadata: metadataParam(), name: text({ max: 40 }) },
      handler(context, { metadata, name }, id) {
        const before = context.inPath(coupons, id, 'coupon')
        const patch = { ...definedOnly({ name }), metadata: mergeMetadata(before.metadata ?? {}, metadata) }
        return changeAndEmit(context, coupons, { id, patch, event: 'coupon.updated' })
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/coupons/:id',
      params: {},
      // Discounts that were made from it go on, so it is kept for them, out of reach of new ones.
      handler(context, _, id) {
        const coupon = context.inPath(coupons, id, 'coupon')
        context.store.remove(coupons, id)
        context.store.put(deletedCoupons, coupon)
        context.emit('coupon.deleted', coupon)
        return { id, object: 'coupon', deleted: true }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/coupons',
      params: { ...pageShape, created: createdFilter() },
      handler: (context, params) =>
        pageOf(context, coupons, {
          params,
          url: '/v1/coupons',
          keep: (row) => createdWithin(params.created, row.created),
        }),
    }),
  ],
  tasks: {
    'coupon.redeem_by': (context, { id }) => {
      if (context.store.find(coupons, id) !== undefined) context.store.update(coupons, id, { valid: false })
    },
  },
}
