import type Stripe from 'stripe'
import { bookOnBalance } from '../charges/balance-transaction.ts'
import { charges, type StoredCharge } from '../charges/charge.ts'
import { defineCollection, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import { changedFrom } from '../engine/previous-attributes.ts'

/** A refund as it is stored. */
export type StoredRefund = Stored<Stripe.Refund>

export const refunds = defineCollection<StoredRefund>('refund')

/** The tasks by which a refund ends later than it began. */
export const settleRefundTask = 'refund.settle'
export const failRefundTask = 'refund.fail'

/** Virtual seconds until the refund of a test card settles or fails. */
export const refundSettlesAfter = 60 * 60

/** Makes a refund and counts it in its charge. */
export function makeRefund(
  context: Context,
  charge: StoredCharge,
  input: {
    amount: number
    status: 'pending' | 'succeeded'
    reason: StoredRefund['reason']
    metadata: Record<string, string>
  },
): StoredRefund {
  const id = context.newId('re')
  const succeeded = input.status === 'succeeded'
  const booking = succeeded ? bookRefund(context, { id, amount: input.amount, currency: charge.currency }) : null
  const refund = context.store.put(refunds, {
    id,
    object: 'refund',
    amount: input.amount,
    balance_transaction: booking,
    charge: charge.id,
    created: context.now,
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: {
      card: {
        ...(succeeded ? { reference: context.newCode('acquirer_reference', 23) } : {}),
        reference_status: succeeded ? 'available' : 'pending',
        reference_type: 'acquirer_reference_number',
        type: 'refund',
      },
      type: 'card',
    },
    metadata: input.metadata,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    ...(succeeded ? {} : { pending_reason: 'processing' }),
    reason: input.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: input.status,
    transfer_reversal: null,
  })
  context.emit('refund.created', refund)
  countRefund(context, charge.id, input.amount)
  return refund
}

/** Adds to what a charge has refunded, or takes away from it, with the event for more. */
export function countRefund(context: Context, chargeId: string, amount: number): StoredCharge {
  const before = context.store.find(charges, chargeId)
  if (before === undefined) throw new Error(`the sandbox has no charge ${chargeId}`)
  const refunded = before.amount_refunded + amount
  const whole = before.captured ? before.amount_captured : before.amount
  const after = context.store.update(charges, chargeId, { amount_refunded: refunded, refunded: refunded >= whole })
  if (amount > 0) context.emit('charge.refunded', after, changedFrom(before, after))
  return after
}

/** Takes the sum from the balance. Gives the booking's id. */
export const bookRefund = (context: Context, refund: { id: string; amount: number; currency: string }): string =>
  bookOnBalance(context, { kind: 'refund', amount: -refund.amount, currency: refund.currency, source: refund.id }).id
