import type { Actor } from '../actor.ts'
import type { Caller, Performed } from '../operations/use-case.ts'
import type { Page } from '../page.ts'
import type { CreateRefund } from './create-refund.ts'
import type { ListRefunds } from './list-refunds.ts'
import type { Refund } from './refund.ts'

/** Refunds of payments. */
export interface Refunds {
  /**
   * Refunds part or all of a captured payment: `amount` in the smallest unit of its currency, or all that is left.
   *
   * The refund is committed as `pending`, with its sum reserved, before Stripe is asked: two at once never exceed the
   * payment, and a crash leaves a row that the same key, a webhook or recovery settles. A refund that `succeeded` can
   * still fail, up to 30 days later.
   *
   * @example
   * const { data: refund } = await florin.refunds.create(
   *   { transactionId: payment.id, amount: 400, reason: 'requested_by_customer' },
   *   { actor: system, idempotencyKey: 'return-17' },
   * )
   *
   * @throws `invalid` payment_not_found, input_invalid, idempotency_key_missing, idempotency_key_reused
   * @throws `refused` payment_not_refundable, refund_exceeds_captured, gateway_refused, operation_in_progress,
   *   forbidden
   * @throws `unavailable` as `payments.create`; the refund stays `pending` where the outcome is unknown
   */
  create(input: CreateRefund, caller: Caller): Promise<Performed<Refund>>
  /**
   * Reads a refund by Florin's id (`refund_…`) or Stripe's (`re_…`).
   *
   * @throws `invalid` refund_not_found (also for another user's), input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  get(id: string, actor: Actor): Promise<Refund>
  /**
   * Lists the refunds of a payment, newest first, those made elsewhere included.
   *
   * @throws `invalid` payment_not_found (also for another user's), input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  list(input: ListRefunds, actor: Actor): Promise<Page<Refund>>
}
