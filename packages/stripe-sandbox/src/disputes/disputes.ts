import { z } from 'zod'
import { charges } from '../charges/charge.ts'
import type { Context } from '../engine/context.ts'
import { control } from '../engine/control-route.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { createdWithin, pageOf } from '../engine/page.ts'
import {
  allUnsupported,
  clearable,
  createdFilter,
  flag,
  object,
  type ParamsOf,
  pageShape,
  text,
  unsupported,
} from '../engine/params.ts'
import { changeAndEmit } from '../engine/previous-attributes.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { behaviourOf } from '../payment-methods/payment-method.ts'
import { decideDisputeTask, disputes, loseDisputeTask, openDisputeTask, type StoredDispute } from './dispute.ts'
import { closeDispute, openDispute } from './open-dispute.ts'

const words = () => clearable(text({ max: 20_000 }))

const updateShape = {
  evidence: object({
    access_activity_log: words(),
    billing_address: words(),
    cancellation_policy_disclosure: words(),
    cancellation_rebuttal: words(),
    customer_email_address: words(),
    customer_name: words(),
    customer_purchase_ip: words(),
    duplicate_charge_explanation: words(),
    duplicate_charge_id: words(),
    product_description: words(),
    refund_policy_disclosure: words(),
    refund_refusal_explanation: words(),
    service_date: words(),
    shipping_address: words(),
    shipping_carrier: words(),
    shipping_date: words(),
    shipping_tracking_number: words(),
    uncategorized_text: words(),
    ...allUnsupported([
      ...[
        'appeal',
        'cancellation_policy',
        'customer_communication',
        'customer_signature',
        'duplicate_charge_documentation',
      ],
      ...['enhanced_evidence', 'receipt', 'refund_policy', 'service_documentation', 'shipping_documentation'],
      'uncategorized_file',
    ]),
  }),
  metadata: metadataParam(),
  submit: flag(),
  intended_submission_method: unsupported(),
}

const decisionAfter = 60 * 60

/** `submit` is true by default, as with Stripe. */
function updateDispute(context: Context, params: ParamsOf<typeof updateShape>, id: string): StoredDispute {
  const dispute = context.inPath(disputes, id, 'dispute')
  const submits = params.evidence !== undefined && (params.submit ?? true)
  if (params.evidence !== undefined && dispute.status !== 'needs_response') {
    throw invalidRequest('This dispute is already closed or its evidence has been submitted.', { param: 'evidence' })
  }
  if (submits) {
    context.unschedule(loseDisputeTask, id)
    context.schedule({ at: context.now + decisionAfter, kind: decideDisputeTask, id })
  }
  return changeAndEmit(context, disputes, {
    id,
    event: 'charge.dispute.updated',
    patch: {
      evidence: { ...dispute.evidence, ...definedOnly(params.evidence ?? {}) },
      evidence_details: {
        ...dispute.evidence_details,
        has_evidence: dispute.evidence_details.has_evidence || params.evidence !== undefined,
        submission_count: dispute.evidence_details.submission_count + (submits ? 1 : 0),
        submission_method: submits ? 'manual' : dispute.evidence_details.submission_method,
      },
      metadata: mergeMetadata(dispute.metadata, params.metadata),
      status: submits ? 'under_review' : dispute.status,
    },
  })
}

/** Disputes. The evidence texts `winning_evidence` and `losing_evidence` decide them, as in Stripe's test mode. */
export const disputeSlice: Slice = {
  name: 'disputes',
  collections: [disputes],
  routes: [
    route({
      method: 'GET',
      path: '/v1/disputes/:id',
      params: {},
      handler: (context, _, id) => context.inPath(disputes, id, 'dispute'),
    }),
    route({ method: 'POST', path: '/v1/disputes/:id', params: updateShape, handler: updateDispute }),
    route({
      method: 'POST',
      path: '/v1/disputes/:id/close',
      params: {},
      handler(context, _, id) {
        const dispute = context.inPath(disputes, id, 'dispute')
        if (dispute.status !== 'needs_response') throw invalidRequest('This dispute is already closed')
        return closeDispute(context, dispute, 'lost')
      },
    }),
    route({
      method: 'GET',
      path: '/v1/disputes',
      params: { ...pageShape, charge: text(), created: createdFilter(), payment_intent: text() },
      handler: (context, params) =>
        pageOf(context, disputes, {
          params,
          url: '/v1/disputes',
          keep: (dispute) =>
            createdWithin(params.created, dispute.created) &&
            (params.charge === undefined || dispute.charge === params.charge) &&
            (params.payment_intent === undefined || dispute.payment_intent === params.payment_intent),
        }),
    }),
  ],
  controls: [
    control({
      method: 'POST',
      path: '/charges/:id/dispute',
      summary: 'The customer disputes a charge.',
      body: z.strictObject({ reason: z.string().default('fraudulent') }),
      handler(context, { reason }, id) {
        context.inPath(charges, id)
        return openDispute(context, id, reason)
      },
    }),
  ],
  tasks: {
    [openDisputeTask](context, { id }) {
      const charge = context.store.find(charges, id)
      // A sum that was only held, or given back meanwhile, has nothing left to dispute.
      if (!charge?.captured || charge.refunded || charge.disputed || charge.payment_method === null) return
      openDispute(context, id, behaviourOf(context, charge.payment_method).card.dispute)
    },
    [loseDisputeTask](context, { id }) {
      const dispute = context.store.find(disputes, id)
      // Evidence that was only kept, not submitted, is no answer.
      if (dispute?.status === 'needs_response') closeDispute(context, dispute, 'lost')
    },
    [decideDisputeTask](context, { id }) {
      const dispute = context.store.find(disputes, id)
      if (dispute?.status !== 'under_review') return
      closeDispute(context, dispute, dispute.evidence.uncategorized_text === 'winning_evidence' ? 'won' : 'lost')
    },
  },
}
