import { requireAttached } from '../customers/customer-params.ts'
import type { Context } from '../engine/context.ts'
import { createdWithin, pageOf, pageOfRows } from '../engine/page.ts'
import { choice, createdFilter, flag, type ParamsOf, pageShape, text, unsupported } from '../engine/params.ts'
import { changeAndEmit } from '../engine/previous-attributes.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { defaultPayments, invoicePayments } from '../invoice-payments/invoice-payment.ts'
import { paymentIntents } from '../payment-intents/payment-intent.ts'
import { findSubscription } from '../subscriptions/subscription.ts'
import { collectInvoice, onActionRequired, onPaymentFailed, onPaymentSucceeded } from './collect-invoice.ts'
import { collectTask } from './collection-attempt.ts'
import { draftWindow, finalizeTask } from './draft-invoice.ts'
import { dunningControl } from './dunning.ts'
import { createInvoice, deleteInvoice, updateInvoice } from './edit-invoice.ts'
import { finalizeInvoice } from './finalize-invoice.ts'
import { invoices, isPayable, linesOf, type StoredInvoice, subscriptionOf } from './invoice.ts'
import { createInvoiceShape, updateInvoiceShape } from './invoice-params.ts'
import { closeInvoice, settleInvoice } from './settle-invoice.ts'

const payShape = {
  forgive: unsupported(),
  mandate: unsupported(),
  off_session: flag(),
  paid_out_of_band: flag(),
  payment_method: text(),
  source: unsupported(),
}

function payInvoice(context: Context, id: string, params: ParamsOf<typeof payShape>): StoredInvoice {
  const found = context.inPath(invoices, id, 'invoice')
  const invoice = found.status === 'draft' ? finalizeInvoice(context, id) : found
  if (invoice.status === 'paid') throw invalidRequest('Invoice is already paid')
  if (!isPayable(invoice)) throw invalidRequest('This invoice can no longer be paid')
  if (params.payment_method !== undefined) {
    requireAttached(context, params.payment_method, invoice.customer ?? '', 'payment_method')
  }
  if (params.paid_out_of_band === true) return settleInvoice(context, id, 'out_of_band')
  const collected = collectInvoice(context, id, {
    automatic: false,
    off_session: params.off_session ?? true,
    ...(params.payment_method === undefined ? {} : { payment_method: params.payment_method }),
  })
  if (collected.outcome === 'declined') throw collected.error
  return context.inPath(invoices, id)
}

/** Finalised by hand: nothing due is paid at once, and a sum is collected by itself an hour later, if at all. */
function finalizeOnRequest(context: Context, id: string, autoAdvance: boolean | undefined): StoredInvoice {
  const advances = autoAdvance ?? context.inPath(invoices, id, 'invoice').auto_advance ?? false
  const nextAttempt = advances ? context.now + draftWindow : null
  const invoice = finalizeInvoice(context, id, { autoAdvance: advances, nextAttempt })
  if (invoice.amount_due === 0) return settleInvoice(context, id, 'nothing_due')
  if (nextAttempt !== null) context.schedule({ at: nextAttempt, kind: collectTask, id })
  return invoice
}

/** A draft's hour is over: it is finalised, and then what its subscription's pause or the retry schedule says. */
function finalizeByItself(context: Context, id: string): void {
  const invoice = finalizeInvoice(context, id)
  const pause = findSubscription(context, subscriptionOf(invoice))?.pause_collection
  if (invoice.amount_due === 0) settleInvoice(context, id, 'nothing_due')
  else if (pause?.behavior === 'void') closeInvoice(context, id, 'void')
  else if (pause?.behavior === 'mark_uncollectible') closeInvoice(context, id, 'uncollectible', 'subscription_paused')
  else collectByItself(context, id)
}

function collectByItself(context: Context, id: string): void {
  const { status, auto_advance: advances } = context.inPath(invoices, id)
  if (status === 'open' && advances === true) collectInvoice(context, id, { automatic: true, off_session: true })
}

function closeOpen(context: Context, id: string, status: 'void' | 'uncollectible'): StoredInvoice {
  const invoice = context.inPath(invoices, id, 'invoice')
  const allowed = status === 'void' ? isPayable(invoice) : invoice.status === 'open'
  if (allowed) return closeInvoice(context, id, status)
  throw invalidRequest(
    status === 'void'
      ? `You can only pass in open or uncollectible invoices. This invoice isn't open or uncollectible.`
      : `You can only mark open invoices as uncollectible. This invoice isn't open.`,
    { code: 'invoice_not_editable' },
  )
}

/** The reaction to a deleted customer: nothing more is finalised or collected by itself. */
function stopAllCollection(context: Context, customer: string): void {
  for (const { id, customer: owner, status } of context.store.all(invoices)) {
    if (owner !== customer || (status !== 'draft' && status !== 'open')) continue
    context.unschedule(finalizeTask, id)
    context.unschedule(collectTask, id)
    changeAndEmit(context, invoices, {
      id,
      patch: { auto_advance: false, automatically_finalizes_at: null, next_payment_attempt: null },
      event: 'invoice.updated',
    })
  }
}

/** Invoices, from draft to paid, voided or given up. */
export const invoiceSlice: Slice = {
  name: 'invoices',
  collections: [invoices],
  routes: [
    route({
      method: 'POST',
      path: '/v1/invoices',
      params: createInvoiceShape,
      locks: (_, { customer }) => [customer],
      handler: createInvoice,
    }),
    route({
      method: 'POST',
      path: '/v1/invoices/:id',
      params: updateInvoiceShape,
      handler: (context, params, id) => updateInvoice(context, id, params),
    }),
    route({
      method: 'DELETE',
      path: '/v1/invoices/:id',
      params: {},
      handler: (context, _, id) => deleteInvoice(context, id),
    }),
    route({
      method: 'GET',
      path: '/v1/invoices/:id',
      params: {},
      handler: (context, _, id) => context.inPath(invoices, id, 'invoice'),
    }),
    route({
      method: 'GET',
      path: '/v1/invoices',
      params: {
        ...pageShape,
        collection_method: choice('charge_automatically', 'send_invoice'),
        created: createdFilter(),
        customer: text(),
        customer_account: unsupported(),
        due_date: unsupported(),
        status: choice('draft', 'open', 'paid', 'uncollectible', 'void'),
        subscription: text(),
      },
      handler: (context, params) =>
        pageOf(context, invoices, {
          params,
          url: '/v1/invoices',
          keep: (row) =>
            createdWithin(params.created, row.created) &&
            (params.collection_method === undefined || row.collection_method === params.collection_method) &&
            (params.customer === undefined || row.customer === params.customer) &&
            (params.status === undefined || row.status === params.status) &&
            (params.subscription === undefined || subscriptionOf(row) === params.subscription),
        }),
    }),
    route({
      method: 'GET',
      path: '/v1/invoices/:id/lines',
      params: pageShape,
      handler(context, params, id) {
        context.inPath(invoices, id, 'invoice')
        return pageOfRows(linesOf(context, id), { params, url: `/v1/invoices/${id}/lines` })
      },
    }),
    route({
      method: 'POST',
      path: '/v1/invoices/:id/pay',
      params: payShape,
      handler: (context, params, id) => payInvoice(context, id, params),
    }),
    route({
      method: 'POST',
      path: '/v1/invoices/:id/finalize',
      params: { auto_advance: flag() },
      handler: (context, { auto_advance: advance }, id) => finalizeOnRequest(context, id, advance),
    }),
    route({
      method: 'POST',
      path: '/v1/invoices/:id/void',
      params: {},
      handler: (context, _, id) => closeOpen(context, id, 'void'),
    }),
    route({
      method: 'POST',
      path: '/v1/invoices/:id/mark_uncollectible',
      params: {},
      handler: (context, _, id) => closeOpen(context, id, 'uncollectible'),
    }),
  ],
  controls: [dunningControl],
  tasks: {
    [finalizeTask]: (context, { id }) => finalizeByItself(context, id),
    [collectTask]: (context, { id }) => collectByItself(context, id),
  },
  reactions: {
    'customer.deleted': stopAllCollection,
    'payment_intent.payment_failed': onPaymentFailed,
    'payment_intent.requires_action': onActionRequired,
    'payment_intent.succeeded': onPaymentSucceeded,
  },
  expansions: {
    invoice: {
      confirmation_secret(context, id) {
        const link = context.store.find(defaultPayments, id)
        const secret = context.store.find(paymentIntents, link?.payment_intent ?? '')?.client_secret ?? null
        return secret === null ? null : { client_secret: secret, type: 'payment_intent' }
      },
      payments: (context, id) =>
        pageOf(context, invoicePayments, {
          params: {},
          url: `/v1/invoice_payments?invoice=${id}`,
          keep: (row) => row.invoice === id,
        }),
    },
  },
}
