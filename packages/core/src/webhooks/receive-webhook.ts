import { z } from 'zod'
import type { Deps } from '../deps.ts'
import { UnavailableError } from '../errors.ts'
import { parseInput } from '../input/parse-input.ts'
import { type Applied, applyEvent, misdirectionOf, placed } from './apply-event.ts'

/** What became of a webhook. `failed` is stored and will be applied later. */
export interface Received {
  readonly eventId: string
  readonly outcome: Applied['outcome']
}

// A stored event that cannot be applied is refused at first, so that the gateway sends it again and tells its owner; once
// it was tried so often, here too, it is taken, because it is durable and gateways disable endpoints that fail for days.
const REFUSED_TRIES = 4

// Stripe signs bytes: none of them is left out, a mark at the beginning neither.
const asSigned = new TextDecoder('utf-8', { ignoreBOM: true })

// Types do not tell: what body parsers leave in a request is `any`.
const raw = 'must be the raw body, as text or bytes: pass what was sent, not what a JSON parser made of it'
const delivery = z.object({
  body: z.union([z.string(), z.instanceof(Uint8Array).transform((bytes) => asSigned.decode(bytes))], { error: raw }),
  signature: z.string({ error: 'must be the text of the header Stripe-Signature' }).nullish(),
})

/** Takes a webhook; `Webhooks.receive` says what is promised. */
export async function receiveWebhook(
  deps: Deps,
  rawBody: string | Uint8Array,
  header: string | null | undefined,
): Promise<Received> {
  const { body, signature } = parseInput(delivery, { body: rawBody, signature: header })
  const event = await placed(deps, await deps.gateway.events.verify(body, signature ?? undefined))
  const { outcome, row } = await applyEvent(deps, event, body)
  const milliseconds = Math.max(0, deps.runtime.now() - event.created * 1000)
  const misdirected = misdirectionOf(deps.settings, event)
  const { id: eventId, type } = event
  deps.observer.tell({
    ...{ what: 'webhook_received', eventId, type, outcome, milliseconds },
    ...(misdirected && { misdirected }),
  })
  if (outcome === 'failed' && row.attempts <= REFUSED_TRIES) {
    const message = `event ${eventId} is stored, but could not be applied yet`
    throw new UnavailableError('webhook_event_not_applied', message, 'not_applied')
  }
  return { eventId, outcome }
}
