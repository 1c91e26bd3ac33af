import { z } from 'zod'
import { type Actor, scopeOf } from '../actor.ts'
import type { AuditRow } from '../audit/audit.ts'
import type { Deps } from '../deps.ts'
import { InvalidError, RefusedError, UnavailableError } from '../errors.ts'
import { parseInput } from '../input/parse-input.ts'
import { one, write } from '../ports/storage.ts'
import { type Timestamp, timestamp } from '../time.ts'
import type { DomainEventRow } from './domain-event.ts'
import { type OutboxEvent, toOutboxEvent } from './list-events.ts'

const MOST_TRIES = 5

const eventId = z.string().regex(/^event_[A-Za-z0-9]{1,250}$/, { error: 'must be an id such as event_…' })

/**
 * Puts an event that was given up back into the outbox: due at once, with all its attempts before it. Its id stays.
 *
 * @throws `invalid` event_not_found · `refused` forbidden, event_not_retryable: it waits to be delivered, or was
 */
export async function retryEvent(deps: Deps, id: string, actor: Actor): Promise<OutboxEvent> {
  parseInput(eventId, id)
  scopeOf(actor, 'webhooks:replay')
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const { event } = await deps.storage.load({ event: one('outbox', { id }) })
    if (!event) throw new InvalidError('event_not_found', `no event ${id}`)
    if (event.status !== 'dead') {
      throw new RefusedError('event_not_retryable', `event ${id} is ${event.status}; only dead ones are told again`)
    }
    const now = timestamp(deps.runtime.now())
    const next: DomainEventRow = { ...event, status: 'pending', attempts: 0, dueAt: now, updatedAt: now }
    const changes = [write('outbox', next), write('audit_log', entry(deps, event, actor, now))]
    const outcome = await deps.storage.commit({ id: deps.newId('commit'), changes })
    if (outcome === 'committed') return toOutboxEvent(next)
  }
  throw new UnavailableError('overloaded', `event ${id} meets too many changes`, 'not_applied')
}

function entry({ newId }: Deps, { id, type }: DomainEventRow, actor: Actor, now: Timestamp): AuditRow {
  return {
    id: newId('audit'),
    version: 0,
    createdAt: now,
    updatedAt: now,
    actorId: actor.id,
    actorRoles: actor.roles,
    action: 'event.retry',
    objectId: id,
    operationId: null,
    requestId: null,
    outcome: 'succeeded',
    detail: { type },
  }
}
