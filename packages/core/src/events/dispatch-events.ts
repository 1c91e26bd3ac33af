import type { Deps } from '../deps.ts'
import { due, write } from '../ports/storage.ts'
import { HOUR_MS, milliseconds, type Timestamp, timestamp } from '../time.ts'
import { DeliveryError, reasonOf } from './delivery-error.ts'
import type { DomainEventRow } from './domain-event.ts'
import { toDomainEvent } from './domain-event-data.ts'
import type { EventHandlers } from './event-handlers.ts'

/** What dispatching came to. Events that another process took are in none of the counts. */
export interface Dispatched {
  /** Every handler took them. */
  readonly delivered: number
  /** A handler threw: they are told again later. */
  readonly failed: number
  /** A handler threw too often: they wait for `events.retry`. */
  readonly dead: number
}

type Outcome = keyof Dispatched

const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = HOUR_MS

/** Events of this many objects are told at once, so that one slow handler does not hold up all others. */
const LANES = 10

/** Tells the handlers what waits in the outbox; `Maintenance.dispatch` says what is promised. */
export async function dispatchEvents(
  deps: Deps,
  handlers: EventHandlers,
  { limit = 50 }: { limit?: number | undefined } = {},
): Promise<Dispatched> {
  const counts: Record<Outcome, number> = { delivered: 0, failed: 0, dead: 0 }
  if (handlers.isEmpty()) return counts
  const { events } = await deps.storage.load({ events: due('outbox', timestamp(deps.runtime.now()), limit) })

  const queues = byObject(events)
  const lanes = Array.from({ length: Math.min(LANES, queues.length) }, async () => {
    for (let queue = queues.shift(); queue; queue = queues.shift()) {
      for (const event of queue) {
        const outcome = await dispatchOne(deps, handlers, event)
        if (outcome !== 'taken') counts[outcome] += 1
      }
    }
  })
  // One that fails does not leave the others running behind the caller's back.
  const ended = await Promise.allSettled(lanes)
  for (const lane of ended) if (lane.status === 'rejected') throw lane.reason
  return counts
}

function byObject(events: readonly DomainEventRow[]): DomainEventRow[][] {
  const queues = new Map<string, DomainEventRow[]>()
  for (const event of events) {
    const queue = queues.get(event.objectId)
    if (queue) queue.push(event)
    else queues.set(event.objectId, [event])
  }
  return [...queues.values()]
}

async function dispatchOne(deps: Deps, handlers: EventHandlers, event: DomainEventRow): Promise<Outcome | 'taken'> {
  const { eventAttempts, eventLeaseMs } = deps.settings
  if (event.attempts >= eventAttempts) {
    // Whoever claimed it that often never came back to say what became of it.
    return finish(deps, event, { outcome: 'dead', reason: 'its last delivery did not end' })
  }
  if (event.data === null) return finish(deps, event, { outcome: 'dead', reason: 'its user was erased' })
  const claimed = await store(deps, {
    ...event,
    // Counted now: an event that takes the process down with it must not do so for ever.
    attempts: event.attempts + 1,
    dueAt: timestamp(deps.runtime.now() + eventLeaseMs),
  })
  if (!claimed) return 'taken'
  const reason = await deliver(handlers, claimed, eventLeaseMs)
  if (reason === undefined) return finish(deps, claimed, { outcome: 'delivered' })
  return finish(deps, claimed, { outcome: claimed.attempts < eventAttempts ? 'failed' : 'dead', reason })
}

/** Calls every handler, also where one throws. Answers why it has to be told again, if so. */
async function deliver(handlers: EventHandlers, row: DomainEventRow, leaseMs: number): Promise<string | undefined> {
  const event = toDomainEvent(row)
  const calls = handlers.of(row.type).map(async (handler) => handler(event))
  const ended = await Promise.allSettled(calls.map((call) => withinLease(call, leaseMs)))
  const failed = ended.find((one) => one.status === 'rejected')
  return failed && reasonOf(failed.reason)
}

/** A handler that never ends counts as failed once its claim is over, or it would hold up all that wait behind it. */
async function withinLease(call: Promise<unknown>, leaseMs: number): Promise<void> {
  // Not runtime.wait: this timer ends with its signal and never keeps a program alive that is done.
  const signal = AbortSignal.timeout(leaseMs)
  let tellLate = () => {}
  const late = new Promise<never>((_, reject) => {
    tellLate = () => reject(new DeliveryError(`a handler did not end within ${leaseMs} ms`))
    signal.addEventListener('abort', tellLate)
  })
  try {
    await Promise.race([call, late])
  } finally {
    signal.removeEventListener('abort', tellLate)
  }
}

interface Ending {
  readonly outcome: Outcome
  readonly reason?: string
}

/** Stores what became of an event, and tells it. Where the claim was lost meanwhile, the other one's outcome holds. */
async function finish(deps: Deps, row: DomainEventRow, { outcome, reason }: Ending): Promise<Outcome | 'taken'> {
  const dueAt = outcome === 'failed' ? nextTry(deps, row) : null
  const stored = await store(deps, { ...row, dueAt, status: outcome === 'failed' ? 'pending' : outcome })
  if (!stored) return 'taken'
  const { id: eventId, type, attempts, createdAt } = row
  const waited = deps.runtime.now() - milliseconds(createdAt)
  deps.observer.tell({
    ...{ what: 'event_dispatched', eventId, type, outcome, attempts, milliseconds: waited },
    ...(reason !== undefined && { reason }),
  })
  return outcome
}

/** A second, then twice as long each time and never more than an hour; of that, half by chance. */
function nextTry({ runtime }: Deps, { attempts }: DomainEventRow): Timestamp {
  const wait = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LAST_RETRY_MS)
  const [random = 0] = runtime.randomBytes(1)
  return timestamp(runtime.now() + Math.round(wait * (0.5 + random / 510)))
}

/** Replaces the row, unless somebody else was faster. Answers it as it is stored now. */
async function store(deps: Deps, row: DomainEventRow): Promise<DomainEventRow | undefined> {
  const next = { ...row, updatedAt: timestamp(deps.runtime.now()) }
  const outcome = await deps.storage.commit({ id: deps.newId('commit'), changes: [write('outbox', next)] })
  return outcome === 'committed' ? { ...next, version: next.version + 1 } : undefined
}
