import type { Actor } from '../actor.ts'
import type { Caller, Performed } from '../operations/use-case.ts'
import type { Page } from '../page.ts'
import type { AttachPaymentMethod } from './attach-payment-method.ts'
import type { DetachPaymentMethod } from './detach-payment-method.ts'
import type { ListPaymentMethods } from './list-payment-methods.ts'
import type { PaymentMethod } from './payment-method.ts'
import type { SetDefaultPaymentMethod } from './set-default-payment-method.ts'
import type { SetUpPaymentMethod } from './set-up-payment-method.ts'
import type { SetupIntent } from './setup-intent.ts'

/** The cards and other methods that users pay with. Their numbers never reach Florin. */
export interface PaymentMethods {
  /**
   * Attaches a payment method, made by Stripe.js, to a user, so that it can be charged again. Attaching checks the
   * card: one that is declined is not attached. Stripe's test ids (`pm_card_visa`) come back under a new id.
   *
   * One that the user has already is named by either id (`pm_…`, `method_…`), and is attached no second time:
   * `setDefault` then makes it the default: see there what is paid with it.
   *
   * @throws `invalid` payment_method_not_found (also for another user's), input_invalid
   * @throws `refused` payment_method_declined, payment_method_unusable, gateway_refused, operation_in_progress,
   *   forbidden, user_erased
   * @throws `unavailable` as `payments.create`
   */
  attach(input: AttachPaymentMethod, caller: Caller): Promise<Performed<PaymentMethod>>
  /**
   * Begins to collect a card with Stripe.js, so that no card number ever reaches this server (SAQ A): give the answer's
   * `clientSecret` to the browser. The method appears in the user's list once the customer has confirmed.
   *
   * @throws `invalid` input_invalid · `refused` forbidden, gateway_refused, user_erased
   * @throws `unavailable` as `payments.create`
   */
  setUp(input: SetUpPaymentMethod, caller: Caller): Promise<Performed<SetupIntent>>
  /**
   * Makes a method the user's default: new subscriptions that name none are paid with it. One that exists is paid with the
   * method that it shows (`Subscription.paymentMethod`) until `subscriptions.update` gives it another.
   *
   * @throws `invalid` payment_method_not_found (also for another user's), input_invalid
   * @throws `refused` payment_method_unusable, gateway_refused, operation_in_progress, forbidden, user_erased
   * @throws `unavailable` as `payments.create`
   */
  setDefault(input: SetDefaultPaymentMethod, caller: Caller): Promise<Performed<PaymentMethod>>
  /**
   * Removes a payment method for good: Stripe never lets it be attached again. One that is removed already is no error.
   *
   * @throws `invalid` payment_method_not_found (also for another user's), input_invalid
   * @throws `refused` payment_method_unusable, gateway_refused, operation_in_progress, forbidden
   * @throws `unavailable` as `payments.create`
   */
  detach(input: DetachPaymentMethod, caller: Caller): Promise<Performed<null>>
  /**
   * Lists the payment methods that a user can pay with, newest first; removed ones are not shown.
   *
   * @throws `invalid` input_invalid · `refused` forbidden for another user's list
   * @throws `unavailable` storage_unavailable
   */
  list(input: ListPaymentMethods, actor: Actor): Promise<Page<PaymentMethod>>
}
