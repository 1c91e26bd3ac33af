import type { Timestamp } from '../time.ts'

/** `processed`: applied. `ignored`: stored, of no concern here. `failed`: stored, could not be applied yet. */
type WebhookEventStatus = 'received' | 'processed' | 'ignored' | 'failed'

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
  readonly status: WebhookEventStatus
  /** Why it was ignored, or could not be applied. */
  readonly reason: string | null
  readonly attempts: number
  /** When to try to apply it again; null unless it failed. */
  readonly dueAt: Timestamp | null
  /** The raw body; stored compressed and encrypted. */
  readonly payload: string | null
}
