import { z } from 'zod'
import type { Timestamp } from '../time.ts'

/** `processed`: applied. `ignored`: stored, of no concern here. `failed`: stored, could not be applied yet. */
export const webhookEventStatuses = ['received', 'processed', 'ignored', 'failed'] as const

export type WebhookEventStatus = (typeof webhookEventStatuses)[number]

/** A row of `webhook_events`: the log of what the gateway told, and the guard against telling it twice. */
export interface WebhookEventRow {
  /** The gateway's event id. */
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly type: string
  readonly apiVersion: string | null
  readonly livemode: boolean
  /** When the gateway made the event; the same in every delivery. */
  readonly occurredAt: Timestamp
  /** The gateway's id of the object that it tells of. */
  readonly objectId: string | null
  /** The gateway's id of what the object belongs to: its customer, else its payment, else itself. */
  readonly ownerId: string | null
  /** Whose it is, as far as the rows and it told when it was applied. The body of an erased user's event is not kept. */
  readonly userId: string | null
  readonly status: WebhookEventStatus
  /** Why it was ignored, or could not be applied. */
  readonly reason: string | null
  readonly attempts: number
  /** When to try to apply it again; null unless it failed. */
  readonly dueAt: Timestamp | null
  /** The raw body; stored compressed and encrypted. */
  readonly payload: string | null
}

/** The row of an event whose body need not have been opened. */
export type LoggedEvent = Omit<WebhookEventRow, 'payload'> & { readonly payload: string | Uint8Array | null }

/**
 * A webhook event as Florin shows it: what is needed to find out what became of it. Its body is shown to nobody: it
 * holds names, addresses and e-mails, which are sealed here so that they need not be trusted to whoever is on call.
 */
export type WebhookEvent = {
  readonly id: string
  readonly object: 'webhook_event'
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly type: string
  readonly apiVersion: string | null
  readonly livemode: boolean
  readonly occurredAt: Timestamp
  readonly stripeObjectId: string | null
  readonly status: WebhookEventStatus
  readonly reason: string | null
  readonly attempts: number
  /** When it is tried again by itself; null unless it failed. */
  readonly nextAttemptAt: Timestamp | null
  /** Whether its body is still kept, so that it can be applied again. */
  readonly isReplayable: boolean
}

/** Shows a row without its body, which need not have been opened for that: only whether one is kept is told. */
export function toWebhookEvent(row: LoggedEvent): WebhookEvent {
  const { id, createdAt, updatedAt, type, apiVersion, livemode, occurredAt, status, reason, attempts } = row
  return {
    ...{ id, object: 'webhook_event', createdAt, updatedAt, type, apiVersion, livemode, occurredAt },
    stripeObjectId: row.objectId,
    ...{ status, reason, attempts, nextAttemptAt: row.dueAt, isReplayable: row.payload !== null },
  }
}

export const webhookEventId = z.string().regex(/^evt_[A-Za-z0-9_]{1,250}$/, { error: 'must be an id such as evt_…' })
