/**
 * What Stripe.js needs to collect a card. Florin keeps no row of it: the method that comes of it is told by Stripe's
 * webhooks.
 */
export type SetupIntent = {
  /** Stripe's `seti_…`. */
  readonly id: string
  readonly object: 'setup_intent'
  readonly userId: string
  /** Stripe's own word, `requires_payment_method` at first. */
  readonly status: string
  /** For the browser of this user, and for nobody else: never log it. */
  readonly clientSecret: string
}
