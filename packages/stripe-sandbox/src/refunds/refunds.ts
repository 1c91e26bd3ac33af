import { z } from 'zod'
import { bookOnBalance } from '../charges/balance-transaction.ts'
import type { Context } from '../engine/context.ts'
import { control } from '../engine/control-route.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { createdWithin, pageOf } from '../engine/page.ts'
import { createdFilter, pageShape, text } from '../engine/params.ts'
import { changedFrom } from '../engine/previous-attributes.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { createRefundRoute } from './create-refund.ts'
import { bookRefund, countRefund, failRefundTask, refunds, type StoredRefund, settleRefundTask } from './refund.ts'

/** Changes a refund, with the two events that Stripe sends for it. */
function changeRefund(
  context: Context,
  before: StoredRefund,
  patch: Partial<StoredRefund>,
  drop: readonly ('pending_reason' | 'next_action')[] = [],
): StoredRefund {
  const after: StoredRefund = { ...before, ...patch }
  for (const field of drop) delete after[field]
  context.store.put(refunds, after)
  const previous = changedFrom(before, after)
  if (Object.keys(previous).length === 0) return after
  context.emit('refund.updated', after, previous)
  context.emit('charge.refund.updated', after, previous)
  return after
}

function settleRefund(context: Context, id: string): void {
  const refund = context.store.find(refunds, id)
  if (refund?.status !== 'pending') return
  const booking = bookRefund(context, refund)
  changeRefund(context, refund, { status: 'succeeded', balance_transaction: booking }, ['pending_reason'])
}

/** The money comes back: the sum no longer counts as refunded. */
function failRefund(context: Context, id: string, reason: string): void {
  const refund = context.store.find(refunds, id)
  if (refund === undefined || (refund.status !== 'succeeded' && refund.status !== 'pending')) return
  const { amount, currency, charge } = refund
  const booking = bookOnBalance(context, { kind: 'refund_failure', amount, currency, source: id })
  if (charge !== null) countRefund(context, charge, -amount)
  const failed = changeRefund(
    context,
    refund,
    { status: 'failed', failure_reason: reason, failure_balance_transaction: booking.id },
    ['pending_reason'],
  )
  context.emit('refund.failed', failed)
}

function cancelRefund(context: Context, id: string): StoredRefund {
  const refund = context.inPath(refunds, id)
  if (refund.status !== 'requires_action') {
    throw invalidRequest(
      `Refund ${id} cannot be canceled because it has a status of ${refund.status}. Only refunds that require action can be canceled.`,
    )
  }
  if (refund.charge !== null) countRefund(context, refund.charge, -refund.amount)
  return changeRefund(context, refund, { status: 'canceled' }, ['next_action'])
}

/** Refunds, which may still settle or fail after they were answered. */
export const refundSlice: Slice = {
  name: 'refunds',
  collections: [refunds],
  routes: [
    createRefundRoute,
    route({
      method: 'GET',
      path: '/v1/refunds/:id',
      params: {},
      handler: (context, _, id) => context.inPath(refunds, id),
    }),
    route({
      method: 'POST',
      path: '/v1/refunds/:id',
      params: { metadata: metadataParam() },
      handler(context, { metadata }, id) {
        const refund = context.inPath(refunds, id)
        return changeRefund(context, refund, { metadata: mergeMetadata(refund.metadata ?? {}, metadata) })
      },
    }),
    route({
      method: 'POST',
      path: '/v1/refunds/:id/cancel',
      params: {},
      handler: (context, _, id) => cancelRefund(context, id),
    }),
    route({
      method: 'GET',
      path: '/v1/refunds',
      params: { ...pageShape, charge: text(), created: createdFilter(), payment_intent: text() },
      handler: (context, params) =>
        pageOf(context, refunds, {
          params,
          url: '/v1/refunds',
          keep: (refund) =>
            createdWithin(params.created, refund.created) &&
            (params.charge === undefined || refund.charge === params.charge) &&
            (params.payment_intent === undefined || refund.payment_intent === params.payment_intent),
        }),
    }),
  ],
  tasks: {
    [settleRefundTask]: (context, { id }) => settleRefund(context, id),
    [failRefundTask]: (context, { id }) => failRefund(context, id, 'expired_or_canceled_card'),
  },
  controls: [
    control({
      method: 'POST',
      path: '/refunds/:id/fail',
      summary: 'The bank sends a refund back.',
      body: z.strictObject({ reason: z.string().default('unknown') }),
      handler(context, { reason }, id) {
        context.inPath(refunds, id)
        failRefund(context, id, reason)
        return context.inPath(refunds, id)
      },
    }),
    control({
      method: 'POST',
      path: '/refunds/:id/require_action',
      summary: "A refund waits for the payer's bank details.",
      body: z.strictObject({}),
      // Cards never need the payer's bank details, so no test method leads here; `cancel` could not be tried otherwise.
      handler: (context, _, id) =>
        changeRefund(context, context.inPath(refunds, id), { status: 'requires_action' }, ['pending_reason']),
    }),
  ],
}
