import type { Deps } from '../deps.ts'
import { UnavailableError } from '../errors.ts'
import { type Applied, applyEvent, misdirectionOf } from './apply-event.ts'

/** What became of a webhook. `failed` is stored and will be applied later. */
export interface Received {
  readonly eventId: string
  readonly outcome: 'processed' | 'ignored' | 'duplicate' | 'failed'
}

// A stored event that cannot be applied is refused at first, so that the gateway sends it again; later it is taken,
// because it is durable and retried here, and gateways disable endpoints that fail for days.
const REFUSED_DELIVERIES = 4

/**
 * Takes a webhook of the gateway's: verify over the raw bytes, store, observe, in one commit. Answer 2xx only when this
 * returns. A duplicate changes nothing; order does not matter; the gateway is never called.
 *
 * @param body the request's raw text, unparsed: a body that was parsed and written again does not verify
 * @throws `invalid` webhook_signature_invalid, webhook_payload_invalid: answer 400
 * @throws `unavailable` storage_unavailable: answer 5xx, and the gateway sends it again
 */
export async function receiveWebhook(deps: Deps, body: string, signature: string | undefined): Promise<Received> {
  const event = await deps.gateway.events.verify(body, signature)
  const applied = await applyEvent(deps, event, body)
  const outcome = outcomeOf(applied)
  const milliseconds = Math.max(0, deps.runtime.now() - event.created * 1000)
  const misdirected = misdirectionOf(deps.settings, event)
  const { id: eventId, type } = event
  deps.observer.tell({
    ...{ what: 'webhook_received', eventId, type, outcome, milliseconds },
    ...(misdirected && { misdirected }),
  })
  if (!applied.duplicate && applied.row.status === 'failed' && applied.row.attempts <= REFUSED_DELIVERIES) {
    const message = `event ${event.id} is stored but could not be applied`
    throw new UnavailableError('storage_unavailable', message, 'unknown')
  }
  return { eventId: event.id, outcome }
}

function outcomeOf(applied: Applied): Received['outcome'] {
  if (applied.duplicate) return 'duplicate'
  const { status } = applied.row
  return status === 'ignored' || status === 'failed' ? status : 'processed'
}
