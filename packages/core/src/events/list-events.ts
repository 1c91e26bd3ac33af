import { z } from 'zod'
import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { parseInput } from '../input/parse-input.ts'
import { type Page, type PageInput, pageInput, pageQuery, toPage } from '../page.ts'
import { page } from '../ports/storage.ts'
import type { Timestamp } from '../time.ts'
import type { DomainEventRow, DomainEventType } from './domain-event.ts'

/** An event in the outbox, without what it carries: enough to find out why it was not delivered. */
export type OutboxEvent = {
  readonly id: string
  readonly object: 'event'
  readonly type: DomainEventType
  readonly objectId: string
  readonly occurredAt: Timestamp
  readonly createdAt: Timestamp
  readonly status: DomainEventRow['status']
  readonly attempts: number
  /** When it is told next; null once it is delivered or given up. */
  readonly dueAt: Timestamp | null
}

/** Shows a row without its data, which is its user's: whoever is on call needs to know only what became of it. */
export function toOutboxEvent(row: DomainEventRow): OutboxEvent {
  const { id, type, objectId, occurredAt, createdAt, status, attempts, dueAt } = row
  return { id, object: 'event', type, objectId, occurredAt, createdAt, status, attempts, dueAt }
}

/** What `events.list` takes. */
export interface ListEvents extends PageInput {
  /** `dead`, as where absent: given up until somebody retries it. `pending`: waits to be delivered. */
  readonly status?: 'pending' | 'dead' | undefined
}

// Only what was not delivered has an index by time: the rest is nearly all of the table, and pruned.
export const listEventsInput = z.strictObject({ status: z.enum(['pending', 'dead']).default('dead'), ...pageInput })

/** Lists events that were not delivered; `Events.list` says what is promised. */
export async function listEvents(
  { storage }: Pick<Deps, 'storage'>,
  input: ListEvents,
  actor: Actor,
): Promise<Page<OutboxEvent>> {
  const { status, ...place } = parseInput(listEventsInput, input)
  scopeOf(actor, 'events:read')
  const { events } = await storage.load({ events: page('outbox', { status }, pageQuery(place)) })
  return toPage(events, place.limit, toOutboxEvent)
}
