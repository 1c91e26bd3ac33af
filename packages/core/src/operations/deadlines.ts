import type { Settings } from '../deps.ts'
import { milliseconds } from '../time.ts'
import type { OperationKind, OperationRow } from './operation.ts'

// A payment that is made long after the customer has left the page is a surprise, not a service. What gives money back or
// ends something is wanted as much an hour later; it is sent again for as long as Stripe surely remembers the key (24 h).
const takesMoney: readonly OperationKind[] = [
  'payment.create',
  'payment.confirm',
  'payment.capture',
  'subscription.create',
  'subscription.update',
]
const KEY_MEMORY_MS = 23 * 3600 * 1000

/** Whether the time in which an operation's calls may be sent again is over; after it they are only looked for. */
export function isTooLate(
  { kind, createdAt }: OperationRow,
  now: number,
  { paymentRecoveryWindowMs }: Pick<Settings, 'paymentRecoveryWindowMs'>,
): boolean {
  const window = takesMoney.includes(kind) ? paymentRecoveryWindowMs : KEY_MEMORY_MS
  return now > milliseconds(createdAt) + window
}
