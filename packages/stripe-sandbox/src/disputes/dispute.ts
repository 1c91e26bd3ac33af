import type Stripe from 'stripe'
import { defineCollection, type Stored } from '../engine/collection.ts'

/** A dispute as it is stored. */
export type StoredDispute = Stored<Stripe.Dispute>

export const disputes = defineCollection<StoredDispute>('dispute')

/** The task that opens the dispute of a test card's charge. */
export const openDisputeTask = 'dispute.open'

/** Virtual seconds from the charge to its dispute. */
export const openDisputeAfter = 1

/** The task that gives the bank's decision on submitted evidence. */
export const decideDisputeTask = 'dispute.decide'

/** The task that ends a dispute which nobody has answered when its time is over. */
export const loseDisputeTask = 'dispute.lose'

/** Evidence that has nothing in it. */
export const emptyEvidence: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
}
