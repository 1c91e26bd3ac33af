import type Stripe from 'stripe'
import { UnavailableError } from '../errors.ts'
import type { Observation } from '../observations/observation.ts'
import type { GatewayEvents, GatewayPage, ObjectRef, PaymentGateway } from '../ports/gateway.ts'
import { systemRuntime } from '../runtime.ts'
import { toAnswer } from './errors.ts'
import { idOf, listShape, lookUp } from './look-up.ts'
import { observeObject } from './observe-object.ts'
import { render, subjectOf } from './prepare.ts'
import { API_VERSION } from './stripe-client.ts'
import {
  collections,
  expansions,
  pathOf,
  queryOf,
  type SlowDown,
  type StripeRequests,
  type StripeRuntime,
  stripeRequests,
  toAccepted,
} from './stripe-requests.ts'
import { readStripeEvent, verifyStripeWebhook } from './stripe-webhook.ts'
import type { Wire } from './wire.ts'

export interface StripeGatewayOptions {
  /** A client made by `stripeClient`, or one like it: no retries of its own. */
  readonly stripe: Stripe
  /** Signing secrets of the webhook endpoint; several are valid while one is rolled. Never empty. */
  readonly webhookSecrets: readonly string[]
  /** As in Florin's settings: written into what is made, so that another installation's objects are told apart. */
  readonly installation?: string
  readonly runtime?: StripeRuntime
  /** The budget that Florin was given: it slows down where Stripe says that it is too much. */
  readonly callBudget?: SlowDown | undefined
}

/**
 * Stripe as Florin's payment gateway.
 *
 * @throws `unavailable` where Stripe gave no answer; declines and refusals are answers
 */
export function stripeGateway({
  stripe,
  webhookSecrets,
  installation = 'florin',
  runtime = systemRuntime,
  callBudget,
}: StripeGatewayOptions): PaymentGateway {
  if (webhookSecrets.length === 0 || webhookSecrets.some((secret) => secret.trim() === '')) {
    // Never fail open: without a secret anybody could tell Florin that a payment succeeded.
    throw new TypeError('webhookSecrets must hold at least one signing secret')
  }
  const requests = stripeRequests(stripe, runtime, callBudget)
  return {
    prepare: (call) => ({
      call: call.do,
      subject: subjectOf(call),
      apiVersion: API_VERSION,
      ...render(call, installation),
    }),
    async send(call, { idempotencyKey }) {
      const sent = await requests.send(call, idempotencyKey)
      return 'failure' in sent ? toAnswer(sent.failure, call) : toAccepted(sent)
    },
    async read(ref) {
      const found = await requests.get(`${ref.object}.read`, pathOf(ref))
      return found && toAccepted(found)
    },
    lookUp: (call, since) => lookUp(requests, call, since),
    list: (query) => listObjects(requests, query),
    account: () => readAccount(requests),
    events: {
      verify: (body, signature) => verifyStripeWebhook(stripe, webhookSecrets, body, signature),
      read: (body) => readStripeEvent(JSON.parse(body)),
      list: (query) => listEvents(requests, query),
    },
  }
}

// Stripe lists only living subscriptions unless asked for all.
const filters: Partial<Record<ObjectRef['object'], Readonly<Record<string, string>>>> = {
  subscription: { status: 'all' },
}

async function readAccount(requests: StripeRequests): Promise<{ readonly id: string }> {
  const found = await requests.get('account.read', '/v1/account')
  const id = idOf(found?.object)
  if (id === undefined) throw new UnavailableError('gateway_unavailable', 'Stripe tells no account', 'not_applied')
  return { id }
}

async function listObjects(
  requests: StripeRequests,
  { object, customer, after }: { object: ObjectRef['object']; customer?: string; after?: string },
): Promise<GatewayPage<readonly Observation[]>> {
  const expand = (expansions[object] ?? []).map((field) => `data.${field}`)
  const query = queryOf({ ...filters[object], customer, limit: 100, starting_after: after }, expand)
  const { data, stamp, next } = await page(requests, `${object}.list`, `/v1/${collections[object]}${query}`)
  return { data: data.map((one) => observeObject(one, { stamp })), next }
}

async function listEvents(
  requests: StripeRequests,
  { since, after }: { since: number; after?: string },
): ReturnType<GatewayEvents['list']> {
  const query = queryOf({ 'created[gte]': since, limit: 100, starting_after: after }, [])
  const { data, next } = await page(requests, 'event.list', `/v1/events${query}`)
  return { data: data.map((event) => ({ event: readStripeEvent(event), body: JSON.stringify(event) })), next }
}

async function page(
  requests: StripeRequests,
  endpoint: string,
  path: string,
): Promise<{ data: readonly Wire[]; stamp: number; next: string | null }> {
  const found = await requests.get(endpoint, path)
  const { data, has_more } = listShape.parse(found?.object)
  return { data, stamp: found?.stamp ?? 0, next: has_more ? (idOf(data.at(-1)) ?? null) : null }
}
