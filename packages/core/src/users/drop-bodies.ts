import type { Deps } from '../deps.ts'
import { many, type PageQuery, page, write } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import type { WebhookEventRow } from '../webhooks/webhook-event.ts'

const ROWS_AT_ONCE = 50

/**
 * Drops the bodies of a user's webhook events: those that belong to one of its gateway customers, to a payment or to a
 * card of its. Answers how many there were. May be broken off and started again.
 */
export async function dropBodies(deps: Deps, userId: string): Promise<number> {
  let dropped = 0
  for await (const ownerId of ownersOf(deps, userId)) dropped += await dropBodiesOf(deps, ownerId)
  return dropped
}

/** The gateway's ids that events of the user belong to. */
async function* ownersOf({ storage }: Deps, userId: string): AsyncGenerator<string> {
  const { customers, methods } = await storage.load({
    customers: many('customers', { userId }),
    methods: many('payment_methods', { userId }),
  })
  yield* customers.map(({ id }) => id)
  yield* methods.map(({ gatewayId }) => gatewayId)
  let after: PageQuery['after']
  do {
    const query = { limit: ROWS_AT_ONCE, ...(after && { after }) }
    const { payments } = await storage.load({ payments: page('transactions', { userId }, query) })
    for (const { gatewayId, chargeId } of payments) {
      if (gatewayId !== null) yield gatewayId
      if (chargeId !== null) yield chargeId
    }
    const last = payments.length === ROWS_AT_ONCE ? payments.at(-1) : undefined
    after = last && { createdAt: last.createdAt, id: last.id }
  } while (after)
}

async function dropBodiesOf({ storage, newId, runtime }: Deps, ownerId: string): Promise<number> {
  let dropped = 0
  let after: PageQuery['after']
  for (;;) {
    const query = { limit: ROWS_AT_ONCE, ...(after && { after }) }
    const { events } = await storage.load({ events: page('webhook_events', { ownerId }, query) })
    const now = timestamp(runtime.now())
    const changes = events.flatMap((event) =>
      event.payload === null && event.status !== 'failed' ? [] : [write('webhook_events', cut(event, now))],
    )
    // Another process may be applying one of them: then the page is read again.
    if ((await storage.commit({ id: newId('commit'), changes })) === 'conflict') continue
    dropped += changes.length
    const last = events.length === ROWS_AT_ONCE ? events.at(-1) : undefined
    if (!last) return dropped
    after = { createdAt: last.createdAt, id: last.id }
  }
}

/** The event without its body. One that could not be applied yet never will be. */
function cut(event: WebhookEventRow, now: string): WebhookEventRow {
  const gone = { ...event, payload: null, dueAt: null, updatedAt: now }
  return event.status === 'failed' ? { ...gone, status: 'ignored', reason: 'its user was erased' } : gone
}
