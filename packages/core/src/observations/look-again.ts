import { milliseconds, type Timestamp, timestamp } from '../time.ts'

/** How long a row that is not final goes unread, at first: some endings are in no event that an account sends. */
const SWEEP_AFTER_MS = 15 * 60 * 1000

/**
 * When to read a row again at the gateway: at once in doubt, after a quarter of an hour and then at doubling distances
 * while it is not final, else never. `since` is when the row last changed.
 */
export function lookAgainAt(
  row: { readonly inDoubt: boolean; readonly gatewayId?: string | null },
  { now, since = now, open }: { now: Timestamp; since?: Timestamp; open: boolean },
): Timestamp | null {
  // What the gateway has not made yet is recovery's affair.
  if (row.gatewayId === null) return null
  if (row.inDoubt) return now
  if (!open) return null
  return timestamp(milliseconds(now) + Math.max(SWEEP_AFTER_MS, milliseconds(now) - milliseconds(since)))
}
