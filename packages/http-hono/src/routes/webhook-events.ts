import { filteredList, read, repeatable } from '../endpoint.ts'
import {
  presentWebhookEvent,
  webhookEvent,
  webhookEventPage,
  webhookEventPath,
  webhookEventQuery,
} from '../wire/webhook-event.ts'

const tag = 'Webhook events'

export const list = filteredList({
  name: 'listWebhookEvents',
  tag,
  summary: 'List webhook events',
  query: webhookEventQuery,
  answer: webhookEventPage,
  page: ({ webhooks }, input, actor) => webhooks.list(input, actor),
  present: presentWebhookEvent,
})

export const get = read({
  name: 'getWebhookEvent',
  tag,
  summary: 'Read what became of a webhook event',
  path: webhookEventPath,
  notFound: 'webhook_event_not_found',
  answer: webhookEvent,
  get: ({ webhooks }, id, actor) => webhooks.get(id, actor),
  present: presentWebhookEvent,
})

export const replay = repeatable({
  name: 'replayWebhookEvent',
  tag,
  summary: 'Apply a stored webhook event again',
  description:
    'Harmless at any time, so that it takes no `Idempotency-Key`: what is right stays, and nothing is told twice.',
  path: webhookEventPath,
  notFound: 'webhook_event_not_found',
  answer: webhookEvent,
  problems: ['webhook_event_not_replayable'],
  perform: ({ webhooks }, id, caller) => webhooks.replay(id, caller),
  present: presentWebhookEvent,
})
