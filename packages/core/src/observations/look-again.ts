import { milliseconds, type Timestamp, timestamp } from '../time.ts'
import type { Observing } from './observing.ts'

/**
 * When to read a row again at the gateway: at once in doubt; while it is not final after `sweepAfterMs` and then at
 * doubling distances, for some endings are in no event that an account sends; else never. `since` is when the row last
 * changed.
 */
export function lookAgainAt(
  row: { readonly inDoubt: boolean; readonly gatewayId?: string | null },
  { now, sweepAfterMs }: Pick<Observing, 'now' | 'sweepAfterMs'>,
  { open, since = now }: { open: boolean; since?: Timestamp },
): Timestamp | null {
  // What the gateway has not made yet is recovery's affair.
  if (row.gatewayId === null) return null
  if (row.inDoubt) return now
  if (!open) return null
  return timestamp(milliseconds(now) + Math.max(sweepAfterMs, milliseconds(now) - milliseconds(since)))
}
