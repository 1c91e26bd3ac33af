import { idOf } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { createdWithin, pageOf, pageOfRows } from '../engine/page.ts'
import { choice, createdFilter, object, pageShape, text, unsupported } from '../engine/params.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import {
  checkoutPlans,
  checkoutSessions,
  expireSession,
  expireSessionTask,
  type StoredCheckoutSession,
} from './checkout-session.ts'
import { completeSessionControl, onFirstInvoicePaid, onHeld, onPaid, onSetUp } from './complete-session.ts'
import { createSession } from './create-session.ts'
import { createSessionShape } from './session-params.ts'

const found = (context: Context, id: string): StoredCheckoutSession => context.inPath(checkoutSessions, id, 'session')

const linesOf = (context: Context, id: string, params: { limit?: number } = {}) =>
  pageOfRows(context.inPath(checkoutPlans, id).items, { params, url: `/v1/checkout/sessions/${id}/line_items` })

/** Stripe's own payment page. */
export const checkoutSlice: Slice = {
  name: 'checkout',
  collections: [checkoutSessions],
  routes: [
    route({ method: 'POST', path: '/v1/checkout/sessions', params: createSessionShape, handler: createSession }),
    route({
      method: 'GET',
      path: '/v1/checkout/sessions/:id',
      params: {},
      handler: (context, _, id) => found(context, id),
    }),
    route({
      method: 'POST',
      path: '/v1/checkout/sessions/:id',
      params: {
        collected_information: unsupported(),
        line_items: unsupported(),
        metadata: metadataParam(),
        payment_intent_data: unsupported(),
        shipping_options: unsupported(),
      },
      handler: (context, { metadata }, id) =>
        context.store.update(checkoutSessions, id, {
          metadata: mergeMetadata(found(context, id).metadata ?? {}, metadata),
        }),
    }),
    route({
      method: 'POST',
      path: '/v1/checkout/sessions/:id/expire',
      params: {},
      handler(context, _, id) {
        if (found(context, id).status === 'open') return expireSession(context, id)
        throw invalidRequest('Only Checkout Sessions with a status in ["open"] can be expired.', { param: 'session' })
      },
    }),
    route({
      method: 'GET',
      path: '/v1/checkout/sessions/:id/line_items',
      params: pageShape,
      handler(context, params, id) {
        found(context, id)
        return linesOf(context, id, params)
      },
    }),
    route({
      method: 'GET',
      path: '/v1/checkout/sessions',
      params: {
        ...pageShape,
        created: createdFilter(),
        customer: text(),
        customer_account: unsupported(),
        customer_details: object({ email: text() }),
        payment_intent: text(),
        payment_link: unsupported(),
        status: choice('complete', 'expired', 'open'),
        subscription: text(),
      },
      handler: (context, params) =>
        pageOf(context, checkoutSessions, {
          params,
          url: '/v1/checkout/sessions',
          keep: (row) =>
            createdWithin(params.created, row.created) &&
            (params.customer === undefined || row.customer === params.customer) &&
            (params.customer_details?.email === undefined ||
              row.customer_details?.email === params.customer_details.email) &&
            (params.payment_intent === undefined || idOf(row.payment_intent) === params.payment_intent) &&
            (params.status === undefined || row.status === params.status) &&
            (params.subscription === undefined || row.subscription === params.subscription),
        }),
    }),
  ],
  controls: [completeSessionControl],
  tasks: {
    [expireSessionTask]: (context, { id }) => {
      if (found(context, id).status === 'open') expireSession(context, id)
    },
  },
  reactions: {
    'invoice.paid': onFirstInvoicePaid,
    'payment_intent.amount_capturable_updated': onHeld,
    'payment_intent.succeeded': onPaid,
    'setup_intent.succeeded': onSetUp,
  },
  expansions: { 'checkout.session': { line_items: (context, id) => linesOf(context, id) } },
}
