import { z } from 'zod'
import { type Actor, scopeOf } from '../actor.ts'
import { auditRow } from '../audit/audit-entry.ts'
import type { Deps } from '../deps.ts'
import { InvalidError, RefusedError, UnavailableError } from '../errors.ts'
import { parseInput } from '../input/parse-input.ts'
import { one, write } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import type { DomainEventRow } from './domain-event.ts'
import { type OutboxEvent, toOutboxEvent } from './list-events.ts'

const MOST_TRIES = 5

const eventId = z.string().regex(/^event_[A-Za-z0-9]{1,250}$/, { error: 'must be an id such as event_…' })

/** Puts an event back into the outbox; `Events.retry` says what is promised. */
export async function retryEvent(deps: Deps, id: string, actor: Actor): Promise<OutboxEvent> {
  parseInput(eventId, id)
  scopeOf(actor, 'events:retry')
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const { event } = await deps.storage.load({ event: one('outbox', { id }) })
    if (!event) throw new InvalidError('event_not_found', `no event ${id}`)
    if (event.status !== 'dead') {
      throw new RefusedError('event_not_retryable', `event ${id} is ${event.status}; only dead ones are told again`)
    }
    const now = timestamp(deps.runtime.now())
    const next: DomainEventRow = { ...event, status: 'pending', attempts: 0, dueAt: now, updatedAt: now }
    const told = { action: 'event.retry', objectId: id, outcome: 'succeeded', detail: { type: event.type } }
    const audited = auditRow(deps, { actor, now, ...told })
    const changes = [write('outbox', next), write('audit_log', audited)]
    const outcome = await deps.storage.commit({ id: deps.newId('commit'), changes })
    if (outcome === 'committed') return toOutboxEvent(next)
  }
  throw new UnavailableError('overloaded', `event ${id} meets too many changes`, 'not_applied')
}
