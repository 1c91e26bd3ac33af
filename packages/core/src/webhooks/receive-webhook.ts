import type { Deps } from '../deps.ts'
import { DefectError, isFlorinError, UnavailableError } from '../errors.ts'
import { toDomainEvent } from '../events/domain-event.ts'
import { observe, seek } from '../observations/observe.ts'
import { changesBetween, rowSetOf } from '../observations/row-set.ts'
import type { GatewayEvent } from '../ports/gateway.ts'
import { type Change, one, write } from '../ports/storage.ts'
import { timestamp, timestampOfSeconds } from '../time.ts'
import type { WebhookEventRow } from './webhook-event.ts'

/** What became of a webhook. `failed` is stored and will be applied later. */
export interface Received {
  readonly eventId: string
  readonly outcome: 'processed' | 'ignored' | 'duplicate' | 'failed'
}

const MOST_TRIES = 60

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
  const received = await store(deps, event, body)
  const { eventId, outcome } = received
  deps.observer.tell({ what: 'webhook_received', eventId, type: event.type, outcome })
  if (outcome === 'failed') {
    throw new UnavailableError('storage_unavailable', `event ${eventId} is stored but could not be applied`, 'unknown')
  }
  return received
}

async function store(deps: Deps, event: GatewayEvent, body: string): Promise<Received> {
  const query = { ...seek(event.observations), '(event)': one('webhook_events', { id: event.id }) }
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    if (tries > 0) await deps.runtime.wait(Math.min(5 * tries, 100))
    const rows = rowSetOf(query, await deps.storage.load(query))
    const earlier = rows.webhook_events?.find(({ id }) => id === event.id)
    if (earlier && earlier.status !== 'failed') return { eventId: event.id, outcome: 'duplicate' }

    const { row, changes } = apply(deps, event, body, rows, earlier)
    const commit = { id: deps.newId('commit'), changes: [write('webhook_events', row), ...changes] }
    if ((await deps.storage.commit(commit)) === 'conflict') continue
    if (row.status !== 'failed')
      return { eventId: event.id, outcome: row.status === 'ignored' ? 'ignored' : 'processed' }
    return { eventId: event.id, outcome: row.attempts > REFUSED_DELIVERIES ? 'processed' : 'failed' }
  }
  throw new UnavailableError('overloaded', `event ${event.id} meets too many changes of its object`, 'not_applied')
}

/** The event's row and what it changes. A poison event keeps its error, and changes nothing else. */
function apply(
  deps: Deps,
  event: GatewayEvent,
  body: string,
  rows: ReturnType<typeof rowSetOf>,
  earlier: WebhookEventRow | undefined,
): { readonly row: WebhookEventRow; readonly changes: readonly Change[] } {
  const now = timestamp(deps.runtime.now())
  const reason = ignoredBecause(deps, event)
  const received = eventRow(event, body, now, earlier)
  if (reason) return { row: { ...received, status: 'ignored', reason }, changes: [] }
  if (event.unreadable !== undefined) {
    return { row: { ...received, status: 'failed', reason: event.unreadable }, changes: [] }
  }
  try {
    const observing = { now, newId: deps.newId, installation: deps.settings.installation }
    const { rows: after, facts } = observe(rows, event.observations, observing)
    const outbox = facts.map((fact) => ({
      ...write('outbox', toDomainEvent(deps, fact, now)),
      ifAbsent: true as const,
    }))
    return { row: { ...received, status: 'processed' }, changes: [...changesBetween(rows, after), ...outbox] }
  } catch (error) {
    const failure = isFlorinError(error) ? error : new DefectError('cannot be applied', { cause: error })
    return { row: { ...received, status: 'failed', reason: `${failure.code}: ${failure.message}` }, changes: [] }
  }
}

function ignoredBecause({ settings }: Deps, event: GatewayEvent): string | undefined {
  if (event.livemode !== settings.livemode) return `it is of ${event.livemode ? 'live' : 'test'} mode`
  if (event.account !== null) return `it is of the connected account ${event.account}`
  const told = event.observations.length > 0 || event.unreadable !== undefined
  return !told ? 'its type is of no concern here' : undefined
}

function eventRow(
  event: GatewayEvent,
  payload: string,
  now: string,
  earlier: WebhookEventRow | undefined,
): WebhookEventRow {
  const { id, type, apiVersion, livemode, objectId } = event
  const first = { id, version: 0, createdAt: now, attempts: 0 }
  const { version, createdAt, attempts } = earlier ?? first
  return {
    ...{ id, version, createdAt, updatedAt: now, type, apiVersion, livemode, objectId, payload },
    occurredAt: timestampOfSeconds(event.created),
    status: 'received',
    reason: null,
    attempts: attempts + 1,
  }
}
