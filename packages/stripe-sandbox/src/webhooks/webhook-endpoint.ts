import type Stripe from 'stripe'
import { z } from 'zod'
import { apiVersions } from '../engine/api-versions.ts'
import type { Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import { control } from '../engine/control-route.ts'
import { eventTypes } from '../engine/event-types.ts'
import { events, webhookDeliveries, webhookEndpoints, webhookQueue } from '../engine/events.ts'
import { type MetadataPatch, mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { createdWithin, pageOf } from '../engine/page.ts'
import {
  clearable,
  createdFilter,
  flag,
  list,
  type Param,
  pageShape,
  required,
  text,
  unsupported,
} from '../engine/params.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invalidParam, invalidRequest } from '../engine/stripe-failure.ts'
import { deliverTask, endpointSecrets, queueDelivery } from './webhook-delivery.ts'

const mostEndpoints = 16

const eventNames = (): Param<readonly string[], false> => ({
  required: false,
  read(value, name) {
    const names = list(text()).read(value, name)
    const unknown = names.find((type) => type !== '*' && !eventTypes.has(type))
    if (unknown !== undefined) throw invalidParam(`Invalid ${name}: '${unknown}' is not a known event type`, name)
    if (names.length === 0) throw invalidParam(`Invalid ${name}: must not be empty`, name)
    return names
  },
})

const webUrl = (): Param<string, false> => ({
  required: false,
  read(value, name) {
    const url = text().read(value, name)
    if (!URL.canParse(url) || !/^https?:/.test(url))
      throw invalidParam('Invalid URL: An explicit scheme (such as https) must be provided.', name, 'url_invalid')
    return url
  },
})

const knownVersion = (): Param<string, false> => ({
  required: false,
  read(value, name) {
    const version = text().read(value, name)
    if (!apiVersions.includes(version)) throw invalidParam(`Invalid API version: ${version}`, name)
    return version
  },
})

interface NewEndpoint {
  readonly url: string
  readonly enabled_events?: readonly string[]
  readonly api_version?: string
  readonly secret?: string
  readonly description?: string | null
  readonly metadata?: MetadataPatch
}

/** Makes an endpoint and its secret. */
export function createWebhookEndpoint(context: Context, input: NewEndpoint): Stored<Stripe.WebhookEndpoint> {
  if (context.store.all(webhookEndpoints).length >= mostEndpoints) {
    throw invalidRequest(`You have reached the maximum of ${mostEndpoints} test webhook endpoints.`)
  }
  const endpoint = context.store.put(webhookEndpoints, {
    id: context.newId('we'),
    object: 'webhook_endpoint',
    api_version: input.api_version ?? null,
    application: null,
    created: context.now,
    description: input.description ?? null,
    enabled_events: [...(input.enabled_events ?? ['*'])],
    livemode: false,
    metadata: mergeMetadata({}, input.metadata),
    status: 'enabled',
    url: input.url,
  })
  const secret = input.secret ?? `whsec_${context.newCode('whsec', 32)}`
  context.store.put(endpointSecrets, { id: endpoint.id, secrets: [{ secret, expires_at: null }] })
  return { ...endpoint, secret }
}

/** Gives an endpoint a new secret; the old one keeps signing for up to a day. */
function rollSecret(context: Context, id: string, keepFor: number): { secret: string } {
  const old = context.inPath(endpointSecrets, id).secrets
  const secret = `whsec_${context.newCode('whsec', 32)}`
  const until = context.now + keepFor
  const kept = old.map((entry) => ({ ...entry, expires_at: Math.min(entry.expires_at ?? until, until) }))
  context.store.update(endpointSecrets, id, { secrets: [{ secret, expires_at: null }, ...kept] })
  return { secret }
}

const eventLifetime = 30 * 24 * 60 * 60

/** Webhook endpoints, and the events that can be read for 30 days. */
export const webhookEndpointSlice: Slice = {
  name: 'webhook_endpoints',
  collections: [events, webhookEndpoints, webhookDeliveries, webhookQueue, endpointSecrets],
  routes: [
    route({
      method: 'POST',
      path: '/v1/webhook_endpoints',
      params: {
        url: required(webUrl()),
        enabled_events: required(eventNames()),
        api_version: knownVersion(),
        connect: unsupported(),
        description: clearable(text()),
        metadata: metadataParam(),
      },
      handler: (context, params) => createWebhookEndpoint(context, params),
    }),
    route({
      method: 'GET',
      path: '/v1/webhook_endpoints/:id',
      params: {},
      handler: (context, _, id) => context.inPath(webhookEndpoints, id),
    }),
    route({
      method: 'POST',
      path: '/v1/webhook_endpoints/:id',
      params: {
        url: webUrl(),
        enabled_events: eventNames(),
        disabled: flag(),
        description: clearable(text()),
        metadata: metadataParam(),
      },
      handler(context, { disabled, metadata, enabled_events: types, ...fields }, id) {
        const endpoint = context.inPath(webhookEndpoints, id)
        return context.store.update(webhookEndpoints, id, {
          ...fields,
          ...(types === undefined ? {} : { enabled_events: [...types] }),
          ...(disabled === undefined ? {} : { status: disabled ? 'disabled' : 'enabled' }),
          metadata: mergeMetadata(endpoint.metadata, metadata),
        })
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/webhook_endpoints/:id',
      params: {},
      handler(context, _, id) {
        context.inPath(webhookEndpoints, id)
        context.store.remove(webhookEndpoints, id)
        context.store.remove(endpointSecrets, id)
        return { id, object: 'webhook_endpoint', deleted: true }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/webhook_endpoints',
      params: pageShape,
      handler: (context, params) => pageOf(context, webhookEndpoints, { params, url: '/v1/webhook_endpoints' }),
    }),
    route({
      method: 'GET',
      path: '/v1/events/:id',
      params: {},
      handler: (context, _, id) => context.inPath(events, id),
    }),
    route({
      method: 'GET',
      path: '/v1/events',
      params: {
        ...pageShape,
        created: createdFilter(),
        type: text(),
        types: list(text(), { max: 20 }),
        delivery_success: flag(),
      },
      handler(context, params) {
        const { type, types, created, delivery_success: delivered } = params
        if (type !== undefined && types !== undefined) {
          throw invalidRequest('You may only specify one of these parameters: type, types.')
        }
        return pageOf(context, events, {
          params,
          url: '/v1/events',
          keep: (event) =>
            event.created > context.now - eventLifetime &&
            createdWithin(created, event.created) &&
            typeFits(event.type, types ?? (type === undefined ? undefined : [type])) &&
            (delivered === undefined || delivered === (event.pending_webhooks === 0)),
        })
      },
    }),
  ],
  controls: [
    control({
      method: 'POST',
      path: '/webhook_endpoints/:id/roll',
      summary: 'Gives an endpoint a new secret. The old one keeps signing beside it for keep_for seconds.',
      body: z.strictObject({ keep_for: z.int().min(0).max(86_400).default(86_400) }),
      handler: (context, { keep_for: keepFor }, id) => rollSecret(context, id, keepFor),
    }),
  ],
  tasks: {
    [deliverTask](context, task) {
      if (context.store.find(webhookDeliveries, task.id)?.status === 'waiting') {
        queueDelivery(context, task.id, { forced: false })
      }
    },
  },
}

/** `charge.*` stands for every type that begins so. */
const typeFits = (type: string, wanted: readonly string[] | undefined): boolean =>
  wanted?.some((name) => (name.endsWith('*') ? type.startsWith(name.slice(0, -1)) : name === type)) ?? true
