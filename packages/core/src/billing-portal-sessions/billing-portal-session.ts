import type { Timestamp } from '../time.ts'

/** A page of Stripe's on which a user sees invoices, changes cards and ends subscriptions. Good for a few minutes. */
export type BillingPortalSession = {
  /** Stripe's `bps_…`. */
  readonly id: string
  readonly object: 'billing_portal_session'
  readonly createdAt: Timestamp
  readonly userId: string
  /** Where to send the user. Whoever has it is let in: never log it. */
  readonly url: string
}
