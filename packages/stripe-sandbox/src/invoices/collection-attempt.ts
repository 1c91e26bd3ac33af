import { definePrivateCollection, type Row } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import { retryDays } from './dunning.ts'
import type { StoredInvoice } from './invoice.ts'

/** The task that tries again to collect an open invoice. */
export const collectTask = 'invoice.collect'

/** An attempt that is running now, under the invoice's id. There is none when the customer pays by the client secret. */
interface CollectionAttempt extends Row {
  /** Made by Stripe by itself, so it counts as a step of the retry schedule. */
  readonly automatic: boolean
}

export const collectionAttempts = definePrivateCollection<CollectionAttempt>('collection_attempt')

/** The attempt count after the running attempt: any first one counts, later ones only if they are automatic. */
export function attemptsOn(context: Context, { id, attempt_count: count }: StoredInvoice): number {
  const running = context.store.find(collectionAttempts, id)
  return running?.automatic === true ? count + 1 : Math.max(count, 1)
}

/** When Stripe will try next by itself after a failure, or null when it will not. */
export function nextAttempt(context: Context, invoice: StoredInvoice, attempts: number): number | null {
  if (invoice.auto_advance !== true) return null
  // A failed attempt in between leaves the schedule as it is.
  if (attempts === invoice.attempt_count) return invoice.next_payment_attempt
  const days = retryDays(context)[attempts - 1]
  return days === undefined ? null : context.now + days * 86_400
}
