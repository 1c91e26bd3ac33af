import { allPages } from '../all-pages.ts'
import type { Deps } from '../deps.ts'
import { isFlorinError } from '../errors.ts'
import { due, one, write } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import { type Applied, applyEvent } from './apply-event.ts'
import type { WebhookEventRow } from './webhook-event.ts'

/** What breaks whoever takes it up waits so long. */
const PUT_OFF_MS = 5 * 60_000

/** So often a gateway or a storage may be away for one: the others have their turn meanwhile, but none where all is away. */
const MOST_REFUSED = 3

export interface RetryWebhooks {
  /** How many are read at once; without `all` no more are tried. 50 where absent. */
  readonly limit?: number | undefined
  /** Tries every event that failed, whatever its time: for a start, since the release may be one that can apply them. */
  readonly all?: boolean | undefined
}

/** How many stored events came to what. A `duplicate` was applied by another process meanwhile. */
export type Retried = Readonly<Record<Applied['outcome'], number>>

/** Tries failed webhook events again; `Maintenance.retryWebhooks` says what is promised. */
export async function retryWebhooks(deps: Deps, { limit = 50, all = false }: RetryWebhooks = {}): Promise<Retried> {
  const counts = { processed: 0, ignored: 0, failed: 0, duplicate: 0 }
  const failures: unknown[] = []
  let refused = 0
  for await (const event of all ? everyFailed(deps, limit, failures) : whoseTimeHasCome(deps, limit)) {
    try {
      counts[await reapply(deps, event)] += 1
    } catch (error) {
      // One that breaks whoever takes it up does not keep the others from their turn, now or later.
      failures.push(error)
      await putOff(deps, event).catch((another: unknown) => failures.push(another))
      if (isFlorinError(error) && error.kind === 'unavailable') refused += 1
      if (refused === MOST_REFUSED) break
    }
  }
  if (failures.length > 0) throw failures[0]
  return counts
}

type Events = AsyncIterable<WebhookEventRow>

async function* whoseTimeHasCome({ storage, runtime }: Deps, limit: number): Events {
  const { events } = await storage.load({ events: due('webhook_events', timestamp(runtime.now()), limit) })
  yield* events
}

async function* everyFailed({ stored, storage }: Deps, limit: number, failures: unknown[]): Events {
  for await (const events of allPages(stored, 'webhook_events', { status: 'failed' }, limit)) {
    for (const { id, occurredAt } of events) {
      // Each by itself, since one may not open.
      const { event } = await storage
        .load({ event: one('webhook_events', { id, occurredAt }) })
        .catch((error: unknown) => {
          if (!isFlorinError(error) || error.kind !== 'defect') throw error
          failures.push(error)
          return { event: undefined }
        })
      if (event?.status === 'failed') yield event
    }
  }
}

async function reapply(deps: Deps, event: WebhookEventRow): Promise<Applied['outcome']> {
  if (event.payload === null) return letGo(deps, event)
  return (await applyEvent(deps, deps.gateway.events.read(event.payload), event.payload)).outcome
}

/** In conflict somebody else has tried it. */
async function putOff({ storage, newId, runtime }: Deps, event: WebhookEventRow): Promise<void> {
  const dueAt = timestamp(runtime.now() + PUT_OFF_MS)
  await storage.commit({ id: newId('commit'), changes: [write('webhook_events', { ...event, dueAt })] })
}

/** Of an erased user no body is kept, not even of an event that could not be applied: it never will be. */
async function letGo({ storage, newId, runtime }: Deps, event: WebhookEventRow): Promise<Applied['outcome']> {
  const gone = { ...event, status: 'ignored', reason: 'its body is no longer kept', dueAt: null } as const
  const changes = [write('webhook_events', { ...gone, updatedAt: timestamp(runtime.now()) })]
  return (await storage.commit({ id: newId('commit'), changes })) === 'committed' ? 'ignored' : 'duplicate'
}
