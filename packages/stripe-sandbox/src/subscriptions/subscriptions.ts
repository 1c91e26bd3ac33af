import type { Context } from '../engine/context.ts'
import { createdWithin, pageOf, pageOfRows } from '../engine/page.ts'
import { choice, createdFilter, flag, type ParamsOf, pageShape, required, text, unsupported } from '../engine/params.ts'
import { route, type Slice } from '../engine/slice.ts'
import { resourceMissing } from '../engine/stripe-failure.ts'
import { prices } from '../prices/price.ts'
import { cancelSubscription } from './cancel-subscription.ts'
import { createSubscription } from './create-subscription.ts'
import { deleteDiscount } from './delete-discount.ts'
import { endPeriod } from './renew-subscription.ts'
import {
  giveUpResumption,
  resumeCollection,
  resumeShape,
  resumeSubscription,
  resumptionTask,
} from './resume-subscription.ts'
import {
  isEnded,
  nextPeriodEnd,
  type StoredSubscription,
  type StoredSubscriptionItem,
  subscriptions,
} from './subscription.ts'
import { cancellationDetails, createShape, updateShape } from './subscription-params.ts'
import { cancelTask, expireTask, periodTask, resumeCollectionTask } from './subscription-schedule.ts'
import {
  expireIncomplete,
  onCustomerDeleted,
  onInvoiceClosed,
  onInvoiceFailed,
  onInvoicePaid,
  onMethodDetached,
  onPriceUpdated,
  onSetupSucceeded,
} from './subscription-status.ts'
import { trialNoticeTask } from './subscription-trial.ts'
import { updateSubscription } from './update-subscription.ts'

const statuses = [
  'active',
  'canceled',
  'incomplete',
  'incomplete_expired',
  'past_due',
  'paused',
  'trialing',
  'unpaid',
] as const

const listShape = {
  ...pageShape,
  automatic_tax: unsupported(),
  collection_method: choice('charge_automatically', 'send_invoice'),
  created: createdFilter(),
  current_period_end: createdFilter(),
  current_period_start: createdFilter(),
  customer: text(),
  customer_account: unsupported(),
  plan: text(),
  price: text(),
  status: choice(...statuses, 'all', 'ended'),
  test_clock: unsupported(),
}

const wanted =
  (params: ParamsOf<typeof listShape>) =>
  (row: StoredSubscription): boolean =>
    hasStatus(row, params.status) &&
    createdWithin(params.created, row.created) &&
    createdWithin(params.current_period_end, nextPeriodEnd(row)) &&
    createdWithin(params.current_period_start, Math.max(...row.items.data.map((item) => item.current_period_start))) &&
    (params.customer === undefined || row.customer === params.customer) &&
    (params.collection_method === undefined || row.collection_method === params.collection_method) &&
    row.items.data.some(
      ({ price }) =>
        (params.price === undefined || price.id === params.price) &&
        (params.plan === undefined || price.id === params.plan),
    )

function hasStatus(row: StoredSubscription, status: (typeof statuses)[number] | 'all' | 'ended' | undefined): boolean {
  if (status === undefined) return row.status !== 'canceled'
  if (status === 'all') return true
  return status === 'ended' ? isEnded(row) : row.status === status
}

/** Looks in all subscriptions: items are kept inside of them. */
function itemInPath(context: Context, id: string): StoredSubscriptionItem {
  const items = context.store.all(subscriptions).flatMap(({ items }) => items.data)
  const found = items.find((item) => item.id === id)
  if (found === undefined) throw resourceMissing('subscription_item', id, { path: 'item' })
  return found
}

const cancelShape = { cancellation_details: cancellationDetails(), invoice_now: flag(), prorate: flag() }

/** Subscriptions, and all that time and payments do to them. */
export const subscriptionSlice: Slice = {
  name: 'subscriptions',
  collections: [subscriptions],
  routes: [
    route({
      method: 'POST',
      path: '/v1/subscriptions',
      params: createShape,
      locks: (_, { customer }) => [customer],
      handler: createSubscription,
    }),
    route({
      method: 'GET',
      path: '/v1/subscriptions/:id',
      params: {},
      handler: (context, _, id) => context.inPath(subscriptions, id),
    }),
    route({
      method: 'POST',
      path: '/v1/subscriptions/:id',
      params: updateShape,
      handler: (context, params, id) => updateSubscription(context, id, params),
    }),
    route({
      method: 'DELETE',
      path: '/v1/subscriptions/:id',
      params: cancelShape,
      handler: (context, params, id) => cancelSubscription(context, id, params),
    }),
    route({
      method: 'POST',
      path: '/v1/subscriptions/:id/resume',
      params: resumeShape,
      handler: (context, params, id) => resumeSubscription(context, id, params),
    }),
    route({
      method: 'DELETE',
      path: '/v1/subscriptions/:id/discount',
      params: {},
      handler: (context, _, id) => deleteDiscount(context, id),
    }),
    route({
      method: 'GET',
      path: '/v1/subscription_items/:id',
      params: {},
      handler: (context, _, id) => itemInPath(context, id),
    }),
    route({
      method: 'GET',
      path: '/v1/subscription_items',
      params: { ...pageShape, subscription: required(text()) },
      handler: (context, params) =>
        pageOfRows(context.inParam(subscriptions, params.subscription, 'subscription').items.data, {
          params,
          url: '/v1/subscription_items',
        }),
    }),
    route({
      method: 'GET',
      path: '/v1/subscriptions',
      params: listShape,
      handler(context, params) {
        if (params.price !== undefined) context.inParam(prices, params.price, 'price')
        return pageOf(context, subscriptions, { params, url: '/v1/subscriptions', keep: wanted(params) })
      },
    }),
  ],
  tasks: {
    [periodTask]: (context, { id }) => endPeriod(context, id),
    [cancelTask]: (context, { id }) => endPeriod(context, id),
    [resumeCollectionTask]: (context, { id }) => resumeCollection(context, id),
    [resumptionTask]: (context, { id }) => giveUpResumption(context, id),
    [expireTask]: (context, { id }) => expireIncomplete(context, id),
    [trialNoticeTask]: (context, { id }) =>
      context.emit('customer.subscription.trial_will_end', context.inPath(subscriptions, id)),
  },
  reactions: {
    'customer.deleted': onCustomerDeleted,
    'invoice.marked_uncollectible': onInvoiceClosed,
    'invoice.paid': onInvoicePaid,
    'invoice.payment_failed': onInvoiceFailed,
    'invoice.voided': onInvoiceClosed,
    'payment_method.detached': onMethodDetached,
    'price.updated': onPriceUpdated,
    'setup_intent.succeeded': onSetupSucceeded,
  },
}
