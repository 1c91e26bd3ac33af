import type { Actor } from '../actor.ts'
import type { Page } from '../page.ts'
import type { ListEvents, OutboxEvent } from './list-events.ts'

/** The outbox of domain events: what the handlers were not told yet, and why. */
export interface Events {
  /**
   * Lists the events that were given up (`status: 'dead'`, which is meant where none is given) or wait to be delivered
   * (`'pending'`), newest first and without what they carry.
   *
   * @throws `invalid` input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  list(input: ListEvents, actor: Actor): Promise<Page<OutboxEvent>>
  /**
   * Puts an event that was given up back into the outbox, under its old id: it is due at once, with all its attempts
   * before it. Who asked is audited.
   *
   * @throws `invalid` event_not_found, input_invalid
   * @throws `refused` forbidden, event_not_retryable: it waits to be delivered, or was
   * @throws `unavailable` storage_unavailable, overloaded
   */
  retry(id: string, actor: Actor): Promise<OutboxEvent>
}
