import type { Dispute } from '@florin/core'
import { z } from 'zod'
import { idPath, objectFields, pageOf, stamps, time } from './common.ts'

export const disputePath = idPath('dispute')

export const dispute = z
  .object({
    ...objectFields('dispute', 'dispute_01jdcqh3k4m6n8p0q2r4s6t8v0'),
    transaction_id: z.string().nullable(),
    user_id: z.string().nullable(),
    amount: z.int(),
    currency: z.string(),
    status: z.string().meta({ description: "Stripe's own word. `won` and `lost` can still change." }),
    reason: z.string(),
    evidence_due_by: time.nullable(),
    stripe_dispute_id: z.string(),
  })
  .meta({
    id: 'Dispute',
    example: {
      id: 'dispute_01jdcqh3k4m6n8p0q2r4s6t8v0',
      object: 'dispute',
      ...stamps,
      transaction_id: 'tx_01jdcqfz4xe0g8r2h7m5v9k3ta',
      user_id: 'user_123',
      amount: 1000,
      currency: 'USD',
      status: 'needs_response',
      reason: 'fraudulent',
      evidence_due_by: '2026-12-05T23:59:59.000Z',
      stripe_dispute_id: 'dp_1Q0Q2fJvEtkwdCNYw3cJ8s0u',
    },
  })

export const disputePage = pageOf(dispute, 'Dispute')

export type DisputeBody = z.infer<typeof dispute>

/** A dispute as the API shows it. `status` and `reason` are passed on in Stripe's own words, new ones too. */
export function presentDispute(it: Dispute): DisputeBody {
  return {
    id: it.id,
    object: it.object,
    created_at: it.createdAt,
    updated_at: it.updatedAt,
    transaction_id: it.transactionId,
    user_id: it.userId,
    amount: it.amount,
    currency: it.currency,
    status: it.status,
    reason: it.reason,
    evidence_due_by: it.evidenceDueBy,
    stripe_dispute_id: it.stripeDisputeId,
  }
}
