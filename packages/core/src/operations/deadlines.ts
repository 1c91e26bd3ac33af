import type { Settings } from '../deps.ts'
import { HOUR_MS, milliseconds, type Timestamp, timestamp } from '../time.ts'
import type { OperationKind, OperationRow, StepRecord } from './operation.ts'

// A payment that is made long after the customer has left the page is a surprise, not a service. What gives money back or
// ends something is wanted as much an hour later; it is sent again for as long as Stripe surely remembers the key (24 h).
const takesMoney: readonly OperationKind[] = [
  'payment.create',
  'payment.confirm',
  'payment.capture',
  'subscription.create',
  'subscription.update',
  'subscription.resume',
]
const KEY_MEMORY_MS = 23 * HOUR_MS

// A customer without a card harms nobody, and who waits for his is kept from paying.
const CUSTOMER_WINDOW_MS = 2 * 60_000

/** How long a process has an operation to itself. */
export const RUN_MS = 60_000

/** Until when a process that starts now has an operation to itself. */
export const runsUntil = (now: Timestamp): Timestamp => timestamp(milliseconds(now) + RUN_MS)

type Window = Pick<Settings, 'paymentRecoveryWindowMs'>

/** Until when an operation's calls may be sent again, in milliseconds; after it they are only looked for. */
function sentUntil({ kind, createdAt }: OperationRow, { paymentRecoveryWindowMs }: Window): number {
  const window =
    kind === 'customer.create'
      ? CUSTOMER_WINDOW_MS
      : takesMoney.includes(kind)
        ? paymentRecoveryWindowMs
        : KEY_MEMORY_MS
  return milliseconds(createdAt) + window
}

const OLD_MS = 10 * 60_000
const PAUSE_MS = 60_000

/**
 * When an operation that stays open is taken up again: at once, and once it is old every minute, for Stripe may answer it by
 * the same error for a day.
 */
export const triedAgainAt = ({ createdAt }: OperationRow, now: number): Timestamp =>
  timestamp(now - milliseconds(createdAt) < OLD_MS ? now : now + PAUSE_MS)

/** Whether the time in which an operation's calls may be sent again is over. */
export const isTooLate = (operation: OperationRow, now: number, window: Window): boolean =>
  now > sentUntil(operation, window)

/**
 * How long a call that was sent may still take effect after Florin gave it up: Stripe goes on with a request whose client
 * has gone. Stripe's own client waits for 80 s.
 */
export const LANDING_SECONDS = 90

/** Until when a call of an operation that a process takes up now may take effect, whoever takes it up after it. */
export const landsBy = (operation: OperationRow, now: Timestamp, window: Window): Timestamp =>
  timestamp(Math.max(sentUntil(operation, window), milliseconds(now)) + RUN_MS + LANDING_SECONDS * 1000)

/**
 * Whether it is certain that the gateway will never know of a step. It was looked for in vain once before, so long ago, by
 * the gateway's own clock, that whatever was on its way then has landed. One look alone could come before a call that was
 * sent a moment ago, by another process or before its time was over.
 */
export const isSurelyMissing = ({ missingAt }: StepRecord, at: number | null): boolean =>
  at === null || (missingAt !== undefined && at >= missingAt + LANDING_SECONDS)
