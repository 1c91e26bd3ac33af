import { bookOnBalance } from '../charges/balance-transaction.ts'
import { charges } from '../charges/charge.ts'
import type { Context } from '../engine/context.ts'
import { disputes, emptyEvidence, loseDisputeTask, type StoredDispute } from './dispute.ts'

const evidenceWindow = 9 * 24 * 60 * 60

/** The cardholder's bank takes the money back. */
export function openDispute(context: Context, chargeId: string, reason = 'fraudulent'): StoredDispute {
  const charge = context.store.update(charges, chargeId, { disputed: true })
  const { amount_captured: amount, currency } = charge
  const id = context.newId('du')
  const booking = bookOnBalance(context, { kind: 'adjustment', amount: -amount, currency, source: id })
  const due = context.now + evidenceWindow
  const opened = context.store.put(disputes, {
    id,
    object: 'dispute',
    amount,
    balance_transactions: [booking],
    charge: charge.id,
    created: context.now,
    currency,
    enhanced_eligibility_types: [],
    evidence: emptyEvidence,
    evidence_details: {
      due_by: due,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: {
        brand: charge.payment_method_details?.card?.brand ?? 'visa',
        case_type: 'chargeback',
        network: charge.payment_method_details?.card?.network ?? 'visa',
        network_reason_code: reason === 'product_not_received' ? '13.1' : '10.4',
      },
      type: 'card',
    },
    reason,
    status: 'needs_response',
  })
  context.schedule({ at: due, kind: loseDisputeTask, id })
  context.emit('charge.dispute.created', opened)
  context.emit('charge.dispute.funds_withdrawn', opened)
  return opened
}

/** Ends a dispute. A won one brings the money back. */
export function closeDispute(context: Context, dispute: StoredDispute, outcome: 'won' | 'lost'): StoredDispute {
  const { amount, currency, id } = dispute
  context.unschedule(loseDisputeTask, id)
  const returned =
    outcome === 'won' ? [bookOnBalance(context, { kind: 'adjustment', amount, currency, source: id })] : []
  const closed = context.store.update(disputes, id, {
    balance_transactions: [...dispute.balance_transactions, ...returned],
    is_charge_refundable: outcome === 'won',
    status: outcome,
  })
  context.emit('charge.dispute.updated', closed, { status: dispute.status })
  context.emit('charge.dispute.closed', closed)
  if (outcome === 'won') context.emit('charge.dispute.funds_reinstated', closed)
  return closed
}
