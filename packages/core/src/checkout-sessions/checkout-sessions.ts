import type { Caller, Performed } from '../operations/use-case.ts'
import type { CheckoutSession } from './checkout-session.ts'
import type { CreateCheckoutSession } from './create-checkout-session.ts'

/** Stripe Checkout. */
export interface CheckoutSessions {
  /**
   * Opens a page of Stripe's on which a user pays a sum (`amount` in the currency's smallest unit), subscribes to a
   * price or saves a card. Send the user to the answer's `url`.
   *
   * What comes of it is adopted from Stripe's webhooks, with the user and the reference. A reference that is paid or
   * being paid is refused; a session that is open already when another payment succeeds can still be completed, and its
   * payment is then a duplicate.
   *
   * @example
   * const { data: session } = await florin.checkoutSessions.create(
   *   { userId: 'user_1', mode: 'payment', amount: 1999, currency: 'EUR', successUrl: 'https://shop.example/thanks' },
   *   { actor: system },
   * )
   *
   * @throws `invalid` input_invalid (an unknown price too), card_number_refused
   * @throws `refused` reference_already_claimed, gateway_refused, operation_in_progress, user_erased, forbidden (a
   *   user: amount, reference, metadata, a price that is not in `subscribablePrices`)
   * @throws `unavailable` as `payments.create`
   */
  create(input: CreateCheckoutSession, caller: Caller): Promise<Performed<CheckoutSession>>
}
