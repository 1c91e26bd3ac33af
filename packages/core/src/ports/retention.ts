import type { Timestamp } from '../time.ts'

/** What is let go of once it is old, a few rows at a time. */
export const prunables = [
  /** Operations that are done, and with them what was answered under an idempotency key. */
  'operations',
  /** The bodies of webhooks that were applied or ignored; what happened stays. */
  'payloads',
  /** What delivered domain events carried. That they were told stays, or an old webhook would have them told again. */
  'event_data',
  /** Leases that nobody holds. */
  'leases',
  /** Webhooks that were applied or ignored, where they do not go in whole parts by `rotate`. */
  'webhook_events',
] as const

export type Prunable = (typeof prunables)[number]

/** What became of the parts of tables, by the names that the storage gives them. */
export interface Rotated {
  readonly made: readonly string[]
  readonly dropped: readonly string[]
}

/**
 * Lets go of rows that nobody needs any more. Filled by the adapter that fills Storage, over the same rows.
 *
 * Every call is short and locks little, so that it may run beside everything else, and in several processes at once:
 * rows that somebody else holds are passed over. What is open, waits or failed is never touched, however old it is.
 *
 * @throws `unavailable` storage_unavailable: what could not be had at once is there the next time
 */
export interface Retention {
  /**
   * Makes room for what will be stored in the next weeks, and drops what holds only webhooks of before a time. Those that
   * failed are kept. A storage without parts has nothing to do.
   */
  rotate(times: { readonly now: Timestamp; readonly before: Timestamp }): Promise<Rotated>
  /** Lets go of at most `limit` of what was done with before a time. Answers of how many: less means that no more are left. */
  prune(what: Prunable, times: { readonly before: Timestamp; readonly limit: number }): Promise<number>
}
