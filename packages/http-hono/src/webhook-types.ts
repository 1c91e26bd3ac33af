/** The types of Stripe's events that an endpoint should be sent. */
export const webhookTypes = {
  /** Without these, something would be wrong or late; what they carry is right as soon as they come. */
  needed: [
    ...['payment_intent.succeeded', 'payment_intent.payment_failed'],
    ...['customer.subscription.created', 'customer.subscription.updated', 'customer.subscription.deleted'],
    ...['invoice.paid', 'invoice.payment_failed', 'charge.refunded'],
  ],
  /** Without these, what they tell is found by the sweep: minutes later, and by calls. */
  useful: [
    ...['payment_intent.processing', 'payment_intent.requires_action', 'payment_intent.canceled'],
    ...['payment_intent.amount_capturable_updated', 'charge.dispute.created', 'charge.dispute.updated'],
    ...['charge.dispute.closed', 'refund.created', 'refund.updated', 'refund.failed', 'customer.updated'],
    ...['customer.deleted', 'customer.subscription.trial_will_end', 'customer.subscription.paused'],
    ...['customer.subscription.resumed', 'invoice.created', 'invoice.finalized', 'invoice.updated', 'invoice.voided'],
    ...['invoice.marked_uncollectible', 'payment_method.attached', 'payment_method.detached', 'payment_method.updated'],
    ...['payment_method.automatically_updated', 'setup_intent.succeeded', 'checkout.session.completed'],
  ],
} as const
