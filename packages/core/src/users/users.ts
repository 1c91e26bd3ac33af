import type { Caller } from '../operations/use-case.ts'
import type { EraseUser } from './erase-user.ts'
import type { Erasure } from './erasure.ts'

/** The host's users, as far as Florin knows them: by the ids that their rows carry. */
export interface Users {
  /**
   * Erases a user: deletes its customers at Stripe, drops the bodies of its webhook events, and destroys the key that
   * its descriptions, metadata, card details and stored answers are sealed under. Ids, states and sums stay, for
   * accounting.
   *
   * Within a minute every process knows of it, and shows and stores nothing personal of the user any more, whatever
   * arrives later. Events that no handler took yet are told without it. The key goes only once every process must have
   * seen that (two minutes), and once nothing of the user's is open at Stripe: until then the answer is `erasing`.
   * `maintenance.erase` goes on, or the same call again, also after a crash.
   *
   * Backups keep the key until they expire. What Stripe keeps of payments is Stripe's to redact.
   *
   * @throws `invalid` user_not_found, input_invalid
   * @throws `refused` user_has_subscriptions (unless `cancelSubscriptions`), forbidden, operation_in_progress
   * @throws `unavailable` storage_unavailable, gateway_unavailable, gateway_outcome_unknown, overloaded: ask again
   */
  erase(input: EraseUser, caller: Pick<Caller, 'actor' | 'requestId'>): Promise<Erasure>
}
