import type { Timestamp } from '../time.ts'

export const checkoutModes = ['payment', 'subscription', 'setup'] as const
export type CheckoutMode = (typeof checkoutModes)[number]

/**
 * A page of Stripe's on which a user pays, subscribes or saves a card. Florin keeps no row of it: what comes of it are
 * payments, subscriptions and methods like any others.
 */
export type CheckoutSession = {
  /** Stripe's `cs_…`. */
  readonly id: string
  readonly object: 'checkout_session'
  readonly createdAt: Timestamp
  readonly userId: string
  readonly mode: CheckoutMode
  /** Stripe's own word: `open`, `complete` or `expired`. */
  readonly status: string
  readonly reference: string | null
  /** Where to send the user. */
  readonly url: string
}
