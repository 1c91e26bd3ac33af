import type { InstallationTime } from './bookmarks/installation-time.ts'
import type { BudgetedGateway } from './budgeted-gateway.ts'
import type { NewId } from './ids.ts'
import type { Observer, Runtime } from './ports/runtime.ts'
import type { Storage } from './ports/storage.ts'
import type { StoredTables, Tables } from './ports/tables.ts'
import { DAY_MS } from './time.ts'

/** Rules that a deployment sets. */
export interface Settings {
  /** Names this installation in the metadata of what it makes, so that two may share one Stripe account. */
  readonly installation: string
  /** Whether the gateway's keys are live ones; events of the other mode are ignored. */
  readonly livemode: boolean
  /** The prices that users may subscribe to by themselves. */
  readonly subscribablePrices: readonly string[]
  /** Lets users set the amount of their own payments (donations), never what they pay for. Off: no browser sets its own price. */
  readonly userSetsAmount: boolean
  /** Refuses payments, refunds and new subscriptions that come without an idempotency key. */
  readonly requireIdempotencyKey: boolean
  /** Refunds a payment that came although its debt was paid in full already. Off: people decide. */
  readonly autoRefundDuplicates: boolean
  /** How long after its start an operation that takes money may still be sent again, in milliseconds. */
  readonly paymentRecoveryWindowMs: number
  /**
   * How long a key is remembered after its request was answered, in milliseconds; after it, it is a new one. No longer
   * than finished operations are kept.
   */
  readonly idempotencyKeyMs: number
  /** How long an object that may still change goes unread, at first, in milliseconds; each further time twice as long. */
  readonly sweepAfterMs: number
  /** How often an event is told before it is given up, until somebody retries it. */
  readonly eventAttempts: number
  /** How long a process has an event to itself while it tells the handlers, in milliseconds. */
  readonly eventLeaseMs: number
  /** How long applied webhooks are kept, in milliseconds; 35 days at least, since they may be told again. */
  readonly webhookEventRetentionMs: number
  /** How long the bodies of applied webhooks are kept. */
  readonly payloadRetentionMs: number
  /** How long finished operations are kept, and with them what keys were answered; 35 days at least. */
  readonly operationRetentionMs: number
  /** How long it is kept what delivered domain events carried; that they were told is kept for good. */
  readonly eventDataRetentionMs: number
  /** How user ids look. Ids are exempt from the card-number guard only as far as this format is set. */
  readonly userIdPattern: RegExp
}

export const defaultSettings: Settings = {
  installation: 'florin',
  livemode: false,
  subscribablePrices: [],
  userSetsAmount: false,
  requireIdempotencyKey: false,
  autoRefundDuplicates: false,
  paymentRecoveryWindowMs: 10 * 60_000,
  idempotencyKeyMs: DAY_MS,
  sweepAfterMs: 15 * 60_000,
  eventAttempts: 18,
  eventLeaseMs: 60_000,
  webhookEventRetentionMs: 90 * DAY_MS,
  payloadRetentionMs: 35 * DAY_MS,
  operationRetentionMs: 35 * DAY_MS,
  eventDataRetentionMs: 35 * DAY_MS,
  userIdPattern: /^[A-Za-z0-9._:@-]{1,255}$/,
}

/** What use cases need. Storage seals and opens private columns by itself (sealed-storage.ts). */
export interface Deps {
  readonly storage: Storage<Tables>
  /** The rows with their private columns sealed: for who needs none of them, and is not to be stopped by what does not open. */
  readonly stored: Pick<Storage<StoredTables>, 'load'>
  /** Keeps to the share of whoever has these deps. */
  readonly gateway: BudgetedGateway
  /** Whether a user was erased, or is being erased. A minute old at most. */
  readonly isErased: (userId: string) => Promise<boolean>
  readonly digest: (text: string) => string | Promise<string>
  readonly runtime: Runtime
  readonly newId: NewId
  readonly observer: Observer
  /** Remembered, so that it is read once by each process. */
  readonly installed: InstallationTime
  readonly settings: Settings
}
