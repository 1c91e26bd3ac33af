import { z } from 'zod'
import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { parseInput } from '../input/parse-input.ts'
import { type Page, type PageInput, pageInput, pageQuery, toPage } from '../page.ts'
import { page } from '../ports/storage.ts'
import { toWebhookEvent, type WebhookEvent, type WebhookEventStatus, webhookEventStatuses } from './webhook-event.ts'

// What was processed is nearly all of the table, and no index by type is worth its price at every webhook.
const typed = ['failed', 'ignored'] as const

/** What `webhooks.list` takes. */
export interface ListWebhookEvents extends PageInput {
  /** What became of them. Absent: whatever it was. */
  readonly status?: WebhookEventStatus | undefined
  /** Stripe's type, e.g. `invoice.paid`. Only with the status `failed` or `ignored`. */
  readonly type?: string | undefined
}

export const listWebhookEventsInput = z
  .strictObject({
    status: z.enum(webhookEventStatuses).optional(),
    type: z
      .string()
      .regex(/^[a-z0-9_]{1,100}(\.[a-z0-9_]{1,100}){1,5}$/, { error: 'must be a type such as invoice.paid' })
      .optional(),
    ...pageInput,
  })
  .refine(({ type, status }) => type === undefined || typed.some((word) => word === status), {
    path: ['type'],
    error: `goes with the status ${typed.join(' or ')}: only those are found by their type`,
  })

/** Lists webhook events; `Webhooks.list` says what is promised. */
export async function listWebhookEvents(
  { stored }: Pick<Deps, 'stored'>,
  input: ListWebhookEvents,
  actor: Actor,
): Promise<Page<WebhookEvent>> {
  const { status, type, ...place } = parseInput(listWebhookEventsInput, input)
  scopeOf(actor, 'webhook-events:read')
  const of = (one: (typeof webhookEventStatuses)[number]) =>
    page('webhook_events', { status: one, ...(type !== undefined && { type }) }, pageQuery(place))
  if (status !== undefined) {
    const { events } = await stored.load({ events: of(status) })
    return toPage(events, place.limit, toWebhookEvent)
  }
  // One index, by status, serves every list: a page of all is merged from one of each, in the same round trip.
  const { received, processed, ignored, failed } = await stored.load({
    received: of('received'),
    processed: of('processed'),
    ignored: of('ignored'),
    failed: of('failed'),
  })
  const newest = [...received, ...processed, ...ignored, ...failed].sort(newestFirst).slice(0, place.limit + 1)
  return toPage(newest, place.limit, toWebhookEvent)
}

type Place = { readonly createdAt: string; readonly id: string }

const newestFirst = (a: Place, b: Place) =>
  a.createdAt === b.createdAt ? (a.id < b.id ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1
