import type { Deps } from '../deps.ts'
import { must } from '../errors.ts'
import { due } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import { applyEvent } from './apply-event.ts'
import type { WebhookEventRow } from './webhook-event.ts'

/** What trying stored events again came to. */
export interface Retried {
  readonly processed: number
  readonly failed: number
}

/**
 * Tries stored events again that could not be applied, from their stored bodies: a release that reads them may have come.
 *
 * @throws `unavailable` storage_unavailable
 */
export async function retryWebhooks(deps: Deps, { limit = 50 }: { limit?: number } = {}): Promise<Retried> {
  const { events } = await deps.storage.load({
    events: due('webhook_events', timestamp(deps.runtime.now()), limit),
  })
  const outcomes = []
  for (const event of events) outcomes.push(await reapply(deps, event))
  const failed = outcomes.filter((outcome) => outcome === 'failed').length
  return { processed: outcomes.length - failed, failed }
}

async function reapply(deps: Deps, { payload, id }: WebhookEventRow): Promise<'processed' | 'failed'> {
  const body = must(payload, `the body of event ${id}`)
  const applied = await applyEvent(deps, deps.gateway.events.read(body), body)
  return !applied.duplicate && applied.row.status === 'failed' ? 'failed' : 'processed'
}
