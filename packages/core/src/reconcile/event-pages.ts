import type { GatewayEvent, GatewayEvents } from '../ports/gateway.ts'

/** An event as the gateway lists it. */
export interface ListedEvent {
  readonly event: GatewayEvent
  readonly body: string
}

/**
 * Pages of events from a time on, the oldest page first, and in each the oldest event first.
 *
 * Gateways list newest first, so the way leads back to the end before anything is given out. Only the oldest pages are
 * held meanwhile, at most `pageLimit`, and the newest one; of those between only the cursors are, and they are asked for
 * again. The newest page is never asked for again: it has no cursor, and by then newer events would have pushed some of
 * it out.
 */
export async function* eventPages(
  events: Pick<GatewayEvents, 'list'>,
  { since, pageLimit }: { readonly since: number; readonly pageLimit: number },
): AsyncGenerator<readonly ListedEvent[]> {
  const newest = await events.list({ since })
  const cursors: string[] = []
  const held: (readonly ListedEvent[])[] = []
  for (let after = newest.next; after !== null; ) {
    const page = await events.list({ since, after })
    cursors.push(after)
    held.push(page.data)
    if (held.length > pageLimit) held.shift()
    after = page.next
  }
  for (const after of cursors.toReversed()) {
    const data = held.pop() ?? (await events.list({ since, after })).data
    yield data.toReversed()
  }
  yield newest.data.toReversed()
}
