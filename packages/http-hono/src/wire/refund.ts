import { idPattern, type Refund, refundReasons, refundStatuses } from '@florin/core'
import { z } from 'zod'
import { amount, idPath, objectFields, pageOf, stamps } from './common.ts'

export const createRefundBody = z
  .strictObject({
    transaction_id: z
      .string()
      .regex(idPattern('payment'), { error: 'must be an id such as tx_… or pi_…' })
      .meta({ description: 'The payment to refund.', example: 'tx_123' }),
    amount: amount.optional().meta({ description: 'Absent: all that is left.' }),
    reason: z.enum(refundReasons).optional(),
  })
  .meta({
    id: 'CreateRefund',
    example: { transaction_id: 'tx_01jdcqfz4xe0g8r2h7m5v9k3ta', amount: 500, reason: 'requested_by_customer' },
  })

export const refundPath = idPath('refund')

export const refund = z
  .object({
    ...objectFields('refund', 'refund_01jdcqg8n2f5w9b3c6d8e0f1g2'),
    transaction_id: z.string().nullable(),
    user_id: z.string().nullable(),
    amount: z.int(),
    currency: z.string(),
    status: z
      .enum(refundStatuses)
      .meta({ description: 'A refund that succeeded can still fail, up to 30 days later.' }),
    reason: z.string().nullable(),
    failure_reason: z.string().nullable(),
    stripe_refund_id: z.string().nullable(),
  })
  .meta({
    id: 'Refund',
    example: {
      id: 'refund_01jdcqg8n2f5w9b3c6d8e0f1g2',
      object: 'refund',
      ...stamps,
      transaction_id: 'tx_01jdcqfz4xe0g8r2h7m5v9k3ta',
      user_id: 'user_123',
      amount: 500,
      currency: 'USD',
      status: 'succeeded',
      reason: 'requested_by_customer',
      failure_reason: null,
      stripe_refund_id: 're_3Q0PsIJvEtkwdCNY0b7xK2aa',
    },
  })

export const refundPage = pageOf(refund, 'Refund')

export type CreateRefundBody = z.input<typeof createRefundBody>
export type RefundBody = z.infer<typeof refund>

/** A refund as the API shows it, for one that failed as well: `failure_reason` may be filled in days after it succeeded. */
export function presentRefund(it: Refund): RefundBody {
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
    failure_reason: it.failureReason,
    stripe_refund_id: it.stripeRefundId,
  }
}
