import type Stripe from 'stripe'
import { currentApiVersion } from './api-versions.ts'
import { defineCollection, definePrivateCollection, type Row, type Stored } from './collection.ts'
import type { Cause, Context } from './context.ts'
import type { EventType } from './event-types.ts'
import { previousFor } from './older-previous-attributes.ts'
import { renderFor } from './render.ts'

/** An event as it is stored and sent. It keeps the shape of the API version in which it was made. */
export interface StoredEvent extends Row {
  readonly object: 'event'
  readonly api_version: string
  readonly created: number
  readonly data: { readonly object: object; readonly previous_attributes?: object }
  readonly livemode: false
  readonly pending_webhooks: number
  readonly request: Cause
  readonly type: EventType
}

/** One event on its way to one endpoint. */
export interface WebhookDelivery extends Row {
  readonly event: string
  readonly endpoint: string
  /** due: in the queue · waiting: a task will queue it · held: until a flush · the rest are ends. */
  readonly status: 'due' | 'waiting' | 'held' | 'succeeded' | 'failed' | 'dropped'
  /** What `pending_webhooks` says in the body: a retry has the body of the first attempt. */
  readonly pending_webhooks: number
  readonly attempts: readonly DeliveryAttempt[]
  /** Whether the mode has put off its first attempt already. */
  readonly delayed: boolean
  /** Whether it is sent whatever the mode says. */
  readonly forced: boolean
}

/** One try to deliver. `status` is null when there was no answer. */
export interface DeliveryAttempt {
  readonly at: number
  readonly status: number | null
  readonly error: string | null
}

export const events = defineCollection<StoredEvent>('event')
export const webhookEndpoints = defineCollection<Stored<Stripe.WebhookEndpoint>>('webhook_endpoint')
export const webhookDeliveries = definePrivateCollection<WebhookDelivery>('webhook_delivery')
/** The ids of deliveries that are due, in the order in which they will be sent. */
export const webhookQueue = definePrivateCollection<Row>('webhook_queue')

const previousIn = (context: Context, change: { object: Row; previous: object }, version: string): object =>
  version === currentApiVersion ? change.previous : previousFor(context, change, version)

/**
 * Makes the event, in the account's version and once more per other version that an endpoint is pinned to, with ids of
 * their own: two endpoints of different versions get the same happening as two events.
 */
export function emitEvent(context: Context, type: EventType, object: Row, previous: object | undefined): void {
  const { store } = context
  const endpoints = store
    .all(webhookEndpoints)
    .filter(
      ({ status, enabled_events: wanted }) => status === 'enabled' && (wanted.includes('*') || wanted.includes(type)),
    )
  const versions = new Set([
    currentApiVersion,
    ...endpoints.map((endpoint) => endpoint.api_version ?? currentApiVersion),
  ])
  for (const version of versions) {
    const receivers = endpoints.filter((endpoint) => (endpoint.api_version ?? currentApiVersion) === version)
    const event = store.put(events, {
      id: context.newId('evt'),
      object: 'event',
      api_version: version,
      created: context.now,
      data: {
        object: renderFor(context, object, version),
        ...(previous === undefined ? {} : { previous_attributes: previousIn(context, { object, previous }, version) }),
      },
      livemode: false,
      pending_webhooks: receivers.length,
      request: context.cause,
      type,
    })
    for (const endpoint of receivers) {
      const id = context.newId('whd')
      store.put(webhookQueue, { id })
      store.put(webhookDeliveries, {
        id,
        event: event.id,
        endpoint: endpoint.id,
        status: 'due',
        pending_webhooks: receivers.length,
        attempts: [],
        delayed: false,
        forced: false,
      })
    }
  }
  for (const react of context.registry.reactions.get(type) ?? []) react(context, object.id)
}
