import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { parseInput } from '../input/parse-input.ts'
import { one } from '../ports/storage.ts'
import { toWebhookEvent, type WebhookEvent, webhookEventId } from './webhook-event.ts'

/** Reads a webhook event; `Webhooks.get` says what is promised. */
export async function getWebhookEvent(
  { stored }: Pick<Deps, 'stored'>,
  id: string,
  actor: Actor,
): Promise<WebhookEvent> {
  parseInput(webhookEventId, id)
  scopeOf(actor, 'webhook-events:read')
  const { event } = await stored.load({ event: one('webhook_events', { id }) })
  if (!event) throw new InvalidError('webhook_event_not_found', `no webhook event ${id}`)
  return toWebhookEvent(event)
}
