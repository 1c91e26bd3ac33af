import type { Actor } from '../actor.ts'
import type { Caller, Performed } from '../operations/use-case.ts'
import type { Page } from '../page.ts'
import type { CancelPayment } from './cancel-payment.ts'
import type { CapturePayment } from './capture-payment.ts'
import type { ConfirmPayment } from './confirm-payment.ts'
import type { CreatePayment } from './create-payment.ts'
import type { ListPayments } from './list-payments.ts'
import type { Payment } from './payment.ts'

/** Payments: each is one PaymentIntent of Stripe's, however often it is tried. */
export interface Payments {
  /**
   * Takes a payment of `amount` in the currency's smallest unit: 1999 is 19.99 EUR, and 1999 JPY.
   *
   * The payment is committed as `pending` before Stripe is asked. A decline is an answer: the payment comes back
   * `failed` with its `failure`, and {@link Payments.confirm} tries again. `requires_action` and
   * `requires_payment_method` carry the `clientSecret` for Stripe.js.
   *
   * A `reference` names what the user owes for. Only one payment at a time can have the claim to pay it, whatever the
   * idempotency keys.
   *
   * @example
   * const { data: payment } = await florin.payments.create(
   *   { userId: 'user_1', amount: 1999, currency: 'EUR', paymentMethod: 'pm_card_visa', reference: 'order-17' },
   *   { actor: system, idempotencyKey: 'order-17-first-try' },
   * )
   * if (payment.status === 'failed') console.log(payment.failure?.code)
   *
   * @throws `invalid` input_invalid, card_number_refused, payment_method_not_found, idempotency_key_missing,
   *   idempotency_key_reused
   * @throws `refused` forbidden, operation_in_progress, payment_method_unusable, gateway_refused, user_erased,
   *   reference_already_claimed with the id of the payment to confirm or cancel instead (`details.objectId`)
   * @throws `unavailable` storage_unavailable, gateway_unavailable, overloaded: nothing was done, send it again ·
   *   gateway_outcome_unknown: the payment stays `pending` and is settled by the same key, a webhook or recovery. Never
   *   send it again under a new key
   */
  create(input: CreatePayment, caller: Caller): Promise<Performed<Payment>>
  /**
   * Tries a payment again, with another card or the same one, on the same PaymentIntent: never a second charge.
   *
   * @throws `invalid` payment_not_found, payment_method_not_found, input_invalid
   * @throws `refused` payment_not_confirmable, payment_method_unusable, gateway_refused, operation_in_progress,
   *   forbidden, user_erased, reference_already_claimed where another payment has paid its debt
   * @throws `unavailable` as {@link Payments.create}
   */
  confirm(input: ConfirmPayment, caller: Caller): Promise<Performed<Payment>>
  /**
   * Captures an authorised payment (`captureMethod: 'manual'`), all of it or a part; what is not captured is released.
   *
   * @throws `invalid` payment_not_found, input_invalid
   * @throws `refused` payment_not_capturable, capture_exceeds_authorized, gateway_refused, operation_in_progress,
   *   forbidden
   * @throws `unavailable` as {@link Payments.create}
   */
  capture(input: CapturePayment, caller: Caller): Promise<Performed<Payment>>
  /**
   * Cancels a payment that has not succeeded; an authorisation is released. One that is canceled already is answered as
   * it is.
   *
   * @throws `invalid` payment_not_found, input_invalid
   * @throws `refused` payment_not_cancelable (refund one that succeeded), gateway_refused, operation_in_progress,
   *   forbidden
   * @throws `unavailable` as {@link Payments.create}
   */
  cancel(input: CancelPayment, caller: Caller): Promise<Performed<Payment>>
  /**
   * Reads a payment by Florin's id (`tx_…`) or Stripe's (`pi_…`). Only its owner is shown the client secret, while the
   * payment is open.
   *
   * @throws `invalid` payment_not_found (also for another user's), input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  get(id: string, actor: Actor): Promise<Payment>
  /**
   * Lists a user's payments, newest first, without client secrets. Costs the same at any depth.
   *
   * @throws `invalid` input_invalid · `refused` forbidden for another user's list
   * @throws `unavailable` storage_unavailable
   */
  list(input: ListPayments, actor: Actor): Promise<Page<Payment>>
}
