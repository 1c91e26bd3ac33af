import { definePrivateCollection, type Row } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import {
  type DeliveryAttempt,
  events,
  type WebhookDelivery,
  webhookDeliveries,
  webhookEndpoints,
  webhookQueue,
} from '../engine/events.ts'
import type { WebhookMode } from './webhook-mode.ts'
import type { WebhookSender } from './webhook-sender.ts'
import { signWebhook } from './webhook-signature.ts'

/** The secrets of an endpoint. More than one are active while a rolled one still counts. */
export interface EndpointSecrets extends Row {
  readonly secrets: readonly { readonly secret: string; readonly expires_at: number | null }[]
}

export const endpointSecrets = definePrivateCollection<EndpointSecrets>('webhook_endpoint_secret')

/** Virtual seconds before the second, third, … attempt: growing, and done within three days, as with Stripe. */
const retryGaps: readonly number[] = [60, 300, 1800, 7200, 18_000, 36_000, 43_200, 43_200, 43_200, 43_200]

/** The task that queues a delivery again. */
export const deliverTask = 'webhook.deliver'

/** What the sandbox needs for delivering. */
export interface DeliveryParts {
  readonly context: Context
  readonly mode: () => WebhookMode
  readonly send: WebhookSender
  /** Real milliseconds before an attempt counts as failed. */
  readonly timeout: number
}

/** Sends one delivery from the queue. Gives false when the queue has nothing to send now. */
export async function deliverNext(parts: DeliveryParts): Promise<boolean> {
  const { context, mode } = parts
  const id = takeFromQueue(context, mode())
  if (id === undefined) return false
  const delivery = context.store.find(webhookDeliveries, id)
  if (delivery === undefined || delivery.status !== 'due') return true
  if (divertedByMode(context, delivery, mode())) return true
  await attempt(parts, delivery)
  return true
}

/** Queues a delivery again. A forced one is neither held, dropped nor delayed: the dashboard's "resend". */
export function queueDelivery(context: Context, id: string, { forced }: { forced: boolean }): void {
  context.store.update(webhookDeliveries, id, { status: 'due', forced })
  context.store.put(webhookQueue, { id })
}

/** Queues what a snapshot caught on its way: nobody knows whether it arrived, so it is sent again. */
export function requeueUnderWay({ store }: Context): void {
  const queued = store.all(webhookQueue)
  const known = new Set(queued.map(({ id }) => id))
  const lost = store.all(webhookDeliveries).filter(({ id, status }) => status === 'due' && !known.has(id))
  for (const { id } of queued) store.remove(webhookQueue, id)
  for (const { id } of [...lost, ...queued]) store.put(webhookQueue, { id })
}

function takeFromQueue(context: Context, { reorder }: WebhookMode): string | undefined {
  const table = context.state.tables.get(webhookQueue.name)
  const next: string[] = []
  for (const id of table?.keys() ?? []) {
    next.push(id)
    if (next.length >= reorder) break
  }
  const pick = next.length > 1 ? Math.floor(context.randomFor('webhook.reorder', next.join()) * next.length) : 0
  const id = next[pick]
  if (id !== undefined) context.store.remove(webhookQueue, id)
  return id
}

/** Holds, drops or delays a first attempt, as the mode says. */
function divertedByMode(context: Context, delivery: WebhookDelivery, mode: WebhookMode): boolean {
  const change = (status: WebhookDelivery['status']): true => {
    context.store.update(webhookDeliveries, delivery.id, { status })
    return true
  }
  if (delivery.forced) return false
  if (mode.hold) return change('held')
  if (delivery.attempts.length > 0 || delivery.delayed) return false
  if (mode.drop > 0 && context.randomFor('webhook.drop', delivery.id) < mode.drop) return change('dropped')
  if (mode.delay > 0) {
    const seconds = Math.floor(context.randomFor('webhook.delay', delivery.id) * (mode.delay + 1))
    if (seconds > 0) {
      context.store.update(webhookDeliveries, delivery.id, { status: 'waiting', delayed: true })
      context.schedule({ at: context.now + seconds, kind: deliverTask, id: delivery.id })
      return true
    }
  }
  return false
}

async function attempt({ context, mode, send, timeout }: DeliveryParts, delivery: WebhookDelivery): Promise<void> {
  const { store } = context
  const event = store.find(events, delivery.event)
  const endpoint = store.find(webhookEndpoints, delivery.endpoint)
  if (event === undefined || endpoint === undefined || endpoint.status !== 'enabled') {
    store.update(webhookDeliveries, delivery.id, { status: 'dropped' })
    return
  }
  const { epoch } = context.state
  const body = JSON.stringify({ ...event, pending_webhooks: delivery.pending_webhooks }, null, 2)
  const signature = signWebhook(body, activeSecrets(context, endpoint.id), Math.floor(Date.now() / 1000))
  const result = await trySending(() => send(endpoint.url, body, headersFor(signature)), timeout)
  // The sandbox may have been reset or restored meanwhile, and may even have a delivery of the same id again.
  if (context.state.epoch !== epoch) return
  // A second attempt may have ended meanwhile, where more than one may be under way.
  const earlier = (store.find(webhookDeliveries, delivery.id) ?? delivery).attempts
  const attempts = [...earlier, { at: context.now, ...result }]
  if (!hasSucceeded(result)) {
    retryLater(context, delivery, attempts)
    return
  }
  store.update(webhookDeliveries, delivery.id, { status: 'succeeded', forced: false, attempts })
  if (earlier.some(hasSucceeded)) return
  store.update(events, event.id, { pending_webhooks: Math.max(0, pendingNow(context, event.id) - 1) })
  const { duplicate } = mode()
  if (duplicate > 0 && context.randomFor('webhook.duplicate', delivery.id) < duplicate)
    queueDelivery(context, delivery.id, { forced: false })
}

const hasSucceeded = ({ status }: Pick<DeliveryAttempt, 'status'>): boolean =>
  status !== null && status >= 200 && status < 300

const pendingNow = (context: Context, id: string): number => context.store.find(events, id)?.pending_webhooks ?? 0

function retryLater(context: Context, delivery: WebhookDelivery, attempts: readonly DeliveryAttempt[]): void {
  const gap = retryGaps[attempts.length - 1]
  context.store.update(webhookDeliveries, delivery.id, {
    status: gap === undefined ? 'failed' : 'waiting',
    forced: false,
    attempts,
  })
  if (gap !== undefined) context.schedule({ at: context.now + gap, kind: deliverTask, id: delivery.id })
}

const activeSecrets = (context: Context, endpoint: string): string[] =>
  (context.store.find(endpointSecrets, endpoint)?.secrets ?? [])
    .filter(({ expires_at: expiry }) => expiry === null || expiry > context.now)
    .map(({ secret }) => secret)

const headersFor = (signature: string): Record<string, string> => ({
  'content-type': 'application/json; charset=utf-8',
  'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
  accept: '*/*; q=0.5, application/xml',
  'cache-control': 'no-cache',
  'stripe-signature': signature,
})

async function trySending(
  send: () => Promise<{ readonly status: number }>,
  timeout: number,
): Promise<{ status: number | null; error: string | null }> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeout} ms`)), timeout)
  })
  try {
    const { status } = await Promise.race([send(), late])
    return { status, error: null }
  } catch (error) {
    return { status: null, error: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
  }
}
