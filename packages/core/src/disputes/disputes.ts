import type { Actor } from '../actor.ts'
import type { Page } from '../page.ts'
import type { Dispute } from './dispute.ts'
import type { ListDisputes } from './list-disputes.ts'

/** Disputes of payments, as Stripe tells them. They are answered there: here they can only be read. */
export interface Disputes {
  /**
   * Reads a dispute by Florin's id (`dispute_…`) or Stripe's (`dp_…`).
   *
   * @throws `invalid` dispute_not_found (also for another user's), input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  get(id: string, actor: Actor): Promise<Dispute>
  /**
   * Lists the disputes of a payment, newest first.
   *
   * @throws `invalid` payment_not_found (also for another user's), input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  list(input: ListDisputes, actor: Actor): Promise<Page<Dispute>>
}
