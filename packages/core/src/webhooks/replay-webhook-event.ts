import { scopeOf } from '../actor.ts'
import { type AuditRow, auditRow } from '../audit/audit-entry.ts'
import type { Deps } from '../deps.ts'
import { InvalidError, RefusedError } from '../errors.ts'
import { parseInput } from '../input/parse-input.ts'
import type { Caller } from '../operations/use-case.ts'
import { one, write } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import { applyEvent } from './apply-event.ts'
import { type LoggedEvent, toWebhookEvent, type WebhookEvent, webhookEventId } from './webhook-event.ts'

/** Applies a webhook event again; `Webhooks.replay` says what is promised. */
export async function replayWebhookEvent(
  deps: Deps,
  id: string,
  caller: Pick<Caller, 'actor' | 'requestId'>,
): Promise<WebhookEvent> {
  parseInput(webhookEventId, id)
  scopeOf(caller.actor, 'webhook-events:replay')
  const { event } = await deps.storage.load({ event: one('webhook_events', { id }) })
  if (!event) throw new InvalidError('webhook_event_not_found', `no webhook event ${id}`)
  const { payload } = event
  if (payload === null) {
    const message = `the body of ${id} is no longer kept; compare its object with Stripe instead (florin doctor --drift)`
    throw new RefusedError('webhook_event_not_replayable', message)
  }
  const applied = await applyEvent(deps, deps.gateway.events.read(payload), payload, {
    beside: (outcome, before) => [write('audit_log', entry(deps, { id, outcome, before, caller }))],
  })
  return toWebhookEvent(applied.row)
}

interface Replay {
  readonly id: string
  readonly outcome: string
  readonly before: LoggedEvent | undefined
  readonly caller: Pick<Caller, 'actor' | 'requestId'>
}

function entry(deps: Deps, { id, outcome, before, caller }: Replay): AuditRow {
  const now = timestamp(deps.runtime.now())
  const detail = { type: before?.type ?? null, before: before?.status ?? null }
  return auditRow(deps, { ...caller, now, action: 'webhook.replay', objectId: id, outcome, detail })
}
