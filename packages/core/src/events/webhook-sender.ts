import { Webhook } from 'standardwebhooks'
import { systemRuntime } from '../runtime.ts'
import { apiJson } from './api-json.ts'
import { DeliveryError } from './delivery-error.ts'
import type { DomainEventType } from './domain-event.ts'
import type { DomainEvent } from './domain-event-data.ts'
import type { EventHandler } from './event-handlers.ts'

/** Where events are posted to. */
export interface WebhookEndpoint {
  /** Of `http:` or `https:`. */
  readonly url: string
  /** `whsec_` and base64, as the Standard Webhooks scheme writes it; several sign side by side while one is rolled. */
  readonly secret: string | readonly string[]
  /** The types that it wants; all where absent. */
  readonly types?: readonly DomainEventType[] | undefined
}

export interface WebhookSenderOptions {
  readonly endpoints: readonly WebhookEndpoint[]
  /** Sends; the platform's own where absent. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
  /** How long an endpoint may take to answer; 10 seconds where absent. */
  readonly timeoutMs?: number | undefined
  /** The receivers' time, which the signatures are checked by: the real one, also where Florin lives in another. */
  readonly now?: (() => number) | undefined
}

/**
 * Makes a handler that posts events to URLs, signed by the Standard Webhooks scheme (https://www.standardwebhooks.com).
 *
 * `webhook-id` is the event's id, the same in every delivery; the body is `{ type, timestamp, data }`, where `data` is the
 * object as the HTTP API shows it. Any answer but a 2xx within the time is a failure, redirects included. When one endpoint
 * fails, the event is posted to all of them again: receivers must know an id that they had.
 *
 * @example
 * florin.on('*', webhookSender({ endpoints: [{ url: 'https://shop.example/florin', secret: 'whsec_…' }] }))
 *
 * @throws TypeError for a URL or a secret that cannot be used: when it is made, not when the first event is sent
 */
export function webhookSender({
  endpoints,
  fetch: send = (url, init) => fetch(url, init),
  timeoutMs = 10_000,
  now = systemRuntime.now,
}: WebhookSenderOptions): EventHandler {
  const prepared = endpoints.map((endpoint, index) => prepare(endpoint, index + 1))
  return async (event) => {
    const wanting = prepared.filter(({ wants }) => wants(event.type))
    if (wanting.length === 0) return
    const body = bodyOf(event)
    const posts = wanting.map(async ({ url, name, sign }) => {
      const headers = { 'content-type': 'application/json', ...sign(event.id, new Date(now()), body) }
      const signal = AbortSignal.timeout(timeoutMs)
      try {
        // A redirect would hand the event, signed, to a place that nobody configured.
        const response = await send(url, { method: 'POST', headers, body, redirect: 'manual', signal })
        await response.body?.cancel()
        return response.ok ? [] : [`${name} answered ${response.status}`]
      } catch (error) {
        // Only the kind of error: its message may quote the request.
        return [`${name} did not answer${error instanceof Error ? ` (${error.name})` : ''}`]
      }
    })
    const problems = (await Promise.all(posts)).flat()
    if (problems.length > 0) throw new DeliveryError(problems.join('; '))
  }
}

/** What is posted. The timestamp is that of the fact: an old one that is told late stays recognisable as old. */
function bodyOf({ type, occurredAt, data }: DomainEvent): string {
  return JSON.stringify({ type, timestamp: occurredAt, data: apiJson(data) })
}

function prepare({ url, secret, types }: WebhookEndpoint, place: number) {
  const { protocol, origin, username, password } = new URL(url)
  // For errors, which are logged: the path and the query may hold a secret of the receiver's.
  const name = `endpoint ${place} (${origin})`
  if (!/^https?:$/.test(protocol)) throw new TypeError(`${name} is no http or https URL`)
  if (username || password) throw new TypeError(`${name} must come without a user and a password`)
  const keys = [secret].flat().map((one) => keyOf(one, name))
  if (keys.length === 0) throw new TypeError(`${name} has no secret`)
  return {
    url,
    name,
    wants: (type: DomainEventType) => types === undefined || types.includes(type),
    sign: (id: string, at: Date, body: string) => ({
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': keys.map((key) => key.sign(id, at, body)).join(' '),
    }),
  }
}

function keyOf(secret: string, name: string): Webhook {
  try {
    return new Webhook(secret)
  } catch {
    // The library's own error could quote the secret.
    throw new TypeError(`the secret of ${name} must be whsec_ and base64`)
  }
}
