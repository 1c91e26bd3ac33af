import { scopeOf } from '../actor.ts'
import type { AuditRow } from '../audit/audit.ts'
import type { Deps } from '../deps.ts'
import { InvalidError, RefusedError } from '../errors.ts'
import { parseInput } from '../input/parse-input.ts'
import type { Caller } from '../operations/use-case.ts'
import { one, write } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import { applyEvent } from './apply-event.ts'
import { toWebhookEvent, type WebhookEvent, type WebhookEventRow, webhookEventId } from './webhook-event.ts'

/**
 * Applies a stored webhook event again, from the body that was verified when it came, and says what became of it. The
 * join makes that harmless: one that was processed changes nothing that is right, and tells nothing again. One that
 * failed or was ignored is processed, or keeps the reason why not. No gateway call is made; who asked is audited.
 *
 * @throws `invalid` input_invalid, webhook_event_not_found
 * @throws `refused` forbidden, webhook_event_not_replayable: its body is no longer kept
 * @throws `unavailable` storage_unavailable, overloaded
 */
export async function replayWebhookEvent(
  deps: Deps,
  id: string,
  caller: Pick<Caller, 'actor' | 'requestId'>,
): Promise<WebhookEvent> {
  parseInput(webhookEventId, id)
  scopeOf(caller.actor, 'webhooks:replay')
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
  readonly before: WebhookEventRow | undefined
  readonly caller: Pick<Caller, 'actor' | 'requestId'>
}

function entry({ newId, runtime }: Deps, { id, outcome, before, caller }: Replay): AuditRow {
  const now = timestamp(runtime.now())
  return {
    ...{ id: newId('audit'), version: 0, createdAt: now, updatedAt: now },
    ...{ actorId: caller.actor.id, actorRoles: caller.actor.roles, action: 'webhook.replay' },
    ...{ objectId: id, operationId: null, requestId: caller.requestId ?? null, outcome },
    detail: { type: before?.type ?? null, before: before?.status ?? null },
  }
}
