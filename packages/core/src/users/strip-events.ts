import { allPages } from '../all-pages.ts'
import type { Deps } from '../deps.ts'
import { isFlorinError } from '../errors.ts'
import type { DomainEventRow } from '../events/domain-event.ts'
import { withoutPersonal } from '../events/without-personal.ts'
import { many, one, write } from '../ports/storage.ts'
import { timestamp } from '../time.ts'

const PAYMENTS_AT_ONCE = 50

/**
 * Takes what is personal out of the events of a user that nobody took yet, given up ones included, so that they can be
 * told once its key is gone: what is written now is sealed under the day's key. Answers how many there were. May be
 * broken off and started again.
 */
export async function stripEvents(deps: Deps, userId: string): Promise<number> {
  let stripped = 0
  for await (const objectId of objectsOf(deps, userId)) stripped += await stripEventsOf(deps, objectId)
  return stripped
}

/** The ids of what events may tell of. */
async function* objectsOf({ stored }: Deps, userId: string): AsyncGenerator<string> {
  const { refunds, subscriptions, invoices, methods, disputes } = await stored.load({
    refunds: many('refunds', { userId }),
    subscriptions: many('subscriptions', { userId }),
    invoices: many('invoices', { userId }),
    methods: many('payment_methods', { userId }),
    disputes: many('disputes', { userId }),
  })
  for (const { id } of [...refunds, ...subscriptions, ...invoices, ...methods, ...disputes]) yield id
  for await (const payments of allPages(stored, 'transactions', { userId }, PAYMENTS_AT_ONCE)) {
    yield* payments.map(({ id }) => id)
  }
}

async function stripEventsOf(deps: Deps, objectId: string): Promise<number> {
  const { events } = await deps.stored.load({ events: many('outbox', { objectId }) })
  let stripped = 0
  for (const { id, status, data } of events) {
    if (status !== 'delivered' && data !== null) stripped += await stripEvent(deps, id)
  }
  return stripped
}

async function stripEvent(deps: Deps, id: string): Promise<number> {
  for (;;) {
    const event = await openedEvent(deps, id)
    if (!event || event.status === 'delivered' || event.data === null) return 0
    const bare = { ...event, data: withoutPersonal(event.data), updatedAt: timestamp(deps.runtime.now()) }
    const commit = { id: deps.newId('commit'), changes: [write('outbox', bare)] }
    // Another process may be telling it: then it is read again.
    if ((await deps.storage.commit(commit)) === 'committed') return 1
  }
}

/** What does not open tells nothing, with the key or without it, and must not keep the key from being destroyed. */
async function openedEvent({ storage }: Deps, id: string): Promise<DomainEventRow | undefined> {
  try {
    return (await storage.load({ event: one('outbox', { id }) })).event
  } catch (error) {
    if (isFlorinError(error) && error.kind === 'defect') return undefined
    throw error
  }
}
