import type { Actor } from '../actor.ts'
import type { Caller, Performed } from '../operations/use-case.ts'
import type { Page } from '../page.ts'
import type { CancelSubscription } from './cancel-subscription.ts'
import type { CreateSubscription } from './create-subscription.ts'
import type { ListSubscriptions } from './list-subscriptions.ts'
import type { ResumeSubscription } from './resume-subscription.ts'
import type { Subscription } from './subscription.ts'
import type { UpdateSubscription } from './update-subscription.ts'

/** Subscriptions to prices of Stripe's, which renews and bills them by itself. */
export interface Subscriptions {
  /**
   * Subscribes a user to a price.
   *
   * With a payment method (attached first where it is not yet), or the user's default one, the first payment is tried
   * at once; without one the subscription is `incomplete` with a `clientSecret` for Stripe Elements, and ends by itself
   * after 23 hours. A declined first payment leaves it `incomplete` too.
   *
   * @example
   * const { data: subscription } = await florin.subscriptions.create(
   *   { userId: 'user_1', priceId: 'price_…', paymentMethod: 'pm_card_visa', trialDays: 14 },
   *   { actor: system, idempotencyKey: 'sign-up-user_1' },
   * )
   *
   * @throws `invalid` input_invalid (an unknown price too), card_number_refused, payment_method_not_found,
   *   idempotency_key_missing
   * @throws `refused` payment_method_declined, payment_method_unusable, gateway_refused, operation_in_progress,
   *   user_erased, forbidden (a user: trialDays, metadata, a price that is not in `subscribablePrices`)
   * @throws `unavailable` as `payments.create`; the subscription stays `pending` where the outcome is unknown
   */
  create(input: CreateSubscription, caller: Caller): Promise<Performed<Subscription>>
  /**
   * Changes a subscription's price, quantity, end or metadata. What is not named stays as it is.
   *
   * @throws `invalid` subscription_not_found, input_invalid (an unknown price too), card_number_refused,
   *   payment_method_not_found
   * @throws `refused` subscription_not_updatable, payment_method_unusable, gateway_refused, operation_in_progress, user_erased, forbidden (a
   *   user: proration, metadata, a price that is not in `subscribablePrices`)
   * @throws `unavailable` as `payments.create`
   */
  update(input: UpdateSubscription, caller: Caller): Promise<Performed<Subscription>>
  /**
   * Takes a scheduled cancellation back, or wakes a paused subscription. One that has ended never comes back.
   *
   * To wake it, what is due is tried at once. Where that fails it stays `paused`, with a `clientSecret` for Stripe
   * Elements, and is woken by the payment.
   *
   * @throws `invalid` subscription_not_found, input_invalid
   * @throws `refused` subscription_not_resumable, gateway_refused, operation_in_progress, forbidden, user_erased
   * @throws `unavailable` as `payments.create`
   */
  resume(input: ResumeSubscription, caller: Caller): Promise<Performed<Subscription>>
  /**
   * Cancels a subscription: at once, or with `atPeriodEnd` once the paid time is used up. Nothing is refunded by
   * itself. One that has ended is answered as it is.
   *
   * @throws `invalid` subscription_not_found, input_invalid
   * @throws `refused` subscription_already_canceled, gateway_refused, forbidden, operation_in_progress (also while it
   *   is still being made)
   * @throws `unavailable` as `payments.create`
   */
  cancel(input: CancelSubscription, caller: Caller): Promise<Performed<Subscription>>
  /**
   * Reads a subscription by Florin's id (`subscription_…`) or Stripe's (`sub_…`). Only its owner is shown the client
   * secret.
   *
   * @throws `invalid` subscription_not_found (also for another user's), input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  get(id: string, actor: Actor): Promise<Subscription>
  /**
   * Lists a user's subscriptions, newest first, ended ones included.
   *
   * @throws `invalid` input_invalid · `refused` forbidden for another user's list
   * @throws `unavailable` storage_unavailable
   */
  list(input: ListSubscriptions, actor: Actor): Promise<Page<Subscription>>
}
