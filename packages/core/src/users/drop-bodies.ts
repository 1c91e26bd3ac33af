import { allPages } from '../all-pages.ts'
import type { Deps } from '../deps.ts'
import { many, one, type PageQuery, page, write } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import type { LoggedEvent, WebhookEventRow } from '../webhooks/webhook-event.ts'

const ROWS_AT_ONCE = 50

/**
 * Drops the bodies of a user's webhook events: those that belong to one of its gateway customers, to a payment or to a
 * card of its, and those of customers that nobody is linked to and that its payments name, unless they are another user's.
 * Opens none of them. Answers how many there were. May be broken off and started again.
 */
export async function dropBodies(deps: Deps, userId: string): Promise<number> {
  let dropped = 0
  for await (const owner of ownersOf(deps, userId)) dropped += await dropBodiesOf(deps, owner, userId)
  return dropped
}

/** What events of the user belong to. */
interface Owner {
  readonly ownerId: string
  /** Events of other users may belong to it too. */
  readonly isShared: boolean
}

async function* ownersOf({ stored }: Deps, userId: string): AsyncGenerator<Owner> {
  const own = (ownerId: string) => ({ ownerId, isShared: false })
  const { customers, methods } = await stored.load({
    customers: many('customers', { userId }),
    methods: many('payment_methods', { userId }),
  })
  yield* customers.map(({ id }) => own(id))
  yield* methods.map(({ gatewayId }) => own(gatewayId))
  const seen = new Set(customers.map(({ id }) => id))
  for await (const payments of allPages(stored, 'transactions', { userId }, ROWS_AT_ONCE)) {
    for (const { gatewayId, chargeId, customerId } of payments) {
      if (gatewayId !== null) yield own(gatewayId)
      if (chargeId !== null) yield own(chargeId)
      if (customerId === null || seen.has(customerId)) continue
      seen.add(customerId)
      const { customer } = await stored.load({ customer: one('customers', { id: customerId }) })
      if (!customer?.userId) yield { ownerId: customerId, isShared: true }
    }
  }
}

async function dropBodiesOf(deps: Deps, { ownerId, isShared }: Owner, userId: string): Promise<number> {
  const { storage, stored, newId, runtime } = deps
  let dropped = 0
  let after: PageQuery['after']
  for (;;) {
    const query = { limit: ROWS_AT_ONCE, ...(after && { after }) }
    const { events } = await stored.load({ events: page('webhook_events', { ownerId }, query) })
    const now = timestamp(runtime.now())
    const changes = events
      .filter((event) => event.payload !== null || event.status === 'failed')
      .filter((event) => !isShared || event.userId === null || event.userId === userId)
      .map((event) => write('webhook_events', cut(event, now)))
    // Another process may be applying one of them: then the page is read again.
    if ((await storage.commit({ id: newId('commit'), changes })) === 'conflict') continue
    dropped += changes.length
    const last = events.length === ROWS_AT_ONCE ? events.at(-1) : undefined
    if (!last) return dropped
    after = { createdAt: last.createdAt, id: last.id }
  }
}

/** The event without its body. One that could not be applied yet never will be. */
function cut(event: LoggedEvent, now: string): WebhookEventRow {
  const gone = { ...event, payload: null, dueAt: null, updatedAt: now }
  return event.status === 'failed' ? { ...gone, status: 'ignored', reason: 'its user was erased' } : gone
}
