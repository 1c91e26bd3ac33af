import type Stripe from 'stripe'
import { z } from 'zod'
import { UnavailableError } from '../errors.ts'
import type { Answer, ObjectRef, PaymentGateway } from '../ports/gateway.ts'
import type { Runtime } from '../ports/runtime.ts'
import { systemRuntime } from '../runtime.ts'
import { isTurnedAway, noAnswer, readFailure, toAnswer } from './errors.ts'
import { readHeaders } from './headers.ts'
import { observeObject } from './observe-object.ts'
import { render, subjectOf } from './prepare.ts'
import { API_VERSION } from './stripe-client.ts'
import { readStripeWebhook } from './stripe-webhook.ts'
import { text, wire } from './wire.ts'

export interface StripeGatewayOptions {
  /** A client made by `stripeClient`, or one like it: no retries of its own. */
  readonly stripe: Stripe
  /** Signing secrets of the webhook endpoint; several are valid while one is rolled. Never empty. */
  readonly webhookSecrets: readonly string[]
  /** As in Florin's settings: written into what is made, so that another installation's objects are told apart. */
  readonly installation?: string
  readonly runtime?: Pick<Runtime, 'now' | 'wait' | 'randomBytes'>
}

const MOST_SENDS = 4
const LONGEST_MS = 10_000

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
}: StripeGatewayOptions): PaymentGateway {
  if (webhookSecrets.length === 0 || webhookSecrets.some((secret) => secret.trim() === '')) {
    // Never fail open: without a secret anybody could tell Florin that a payment succeeded.
    throw new TypeError('webhookSecrets must hold at least one signing secret')
  }
  return {
    prepare: (call) => ({
      call: call.do,
      subject: subjectOf(call),
      apiVersion: API_VERSION,
      ...render(call, installation),
    }),
    async send({ method, path, params, apiVersion }, { idempotencyKey }) {
      const request = () =>
        method === 'POST'
          ? stripe.rawRequest('POST', path, params, { idempotencyKey, apiVersion })
          : // DELETE carries no key: Stripe knows none there.
            stripe.rawRequest('DELETE', path, undefined, { apiVersion })
      const sent = await patiently(runtime, request)
      return 'failure' in sent ? toAnswer(sent.failure) : readAnswer(sent.response)
    },
    async read(ref) {
      const sent = await patiently(runtime, () => stripe.rawRequest('GET', pathOf(ref)))
      if (!('failure' in sent)) return readAnswer(sent.response)
      if (sent.failure.statusCode === 404) return undefined
      throw noAnswer(sent.failure)
    },
    readWebhook: (body, signature) => readStripeWebhook(stripe, webhookSecrets, body, signature),
  }
}

type Sent = { readonly response: unknown } | { readonly failure: ReturnType<typeof readFailure> }

/** Sends again what Stripe turned away before it began: too many requests, or the same key still running. */
async function patiently(
  runtime: Pick<Runtime, 'now' | 'wait' | 'randomBytes'>,
  request: () => Promise<unknown>,
): Promise<Sent> {
  const until = runtime.now() + LONGEST_MS
  for (let sends = 1; ; sends += 1) {
    try {
      return { response: await request() }
    } catch (error) {
      const failure = readFailure(error)
      const [random = 0] = runtime.randomBytes(1)
      const pause = 250 * 2 ** sends * (0.5 + random / 512)
      const stop = sends >= MOST_SENDS || runtime.now() + pause > until
      if (!isTurnedAway(failure) || stop) return { failure }
      await runtime.wait(pause)
    }
  }
}

const responseShape = z.looseObject({ id: text, status: text, client_secret: text })

function readAnswer(response: unknown): Answer {
  const object = wire.parse(response)
  const { id, status, client_secret } = responseShape.parse(object)
  const { stamp, replayed } = readHeaders(lastHeaders(response))
  // Without Stripe's time the answer could not be put in order with the webhooks.
  if (stamp === undefined) throw new UnavailableError('gateway_outcome_unknown', 'an answer without a date', 'unknown')
  const told = { objectId: id, observations: observeObject(object, { stamp }), replayed }
  return { ...told, outcome: 'accepted', status, clientSecret: client_secret }
}

const carrier = z.looseObject({ lastResponse: z.looseObject({ headers: z.unknown() }) })

function lastHeaders(response: unknown): unknown {
  // stripe-node hangs the response on the object as a property that is not enumerable, so zod needs it by name.
  const lastResponse = typeof response === 'object' && response !== null ? Reflect.get(response, 'lastResponse') : null
  const parsed = carrier.safeParse({ lastResponse })
  return parsed.success ? parsed.data.lastResponse.headers : undefined
}

const collections = {
  customer: 'customers',
  dispute: 'disputes',
  invoice: 'invoices',
  payment: 'payment_intents',
  payment_method: 'payment_methods',
  refund: 'refunds',
  subscription: 'subscriptions',
} as const satisfies Record<ObjectRef['object'], string>

const expansions: Partial<Record<ObjectRef['object'], readonly string[]>> = {
  payment: ['latest_charge'],
  invoice: ['payments'],
  subscription: ['latest_invoice.confirmation_secret', 'latest_invoice.payments', 'pending_setup_intent'],
}

function pathOf({ object, gatewayId }: ObjectRef): string {
  const expand = (expansions[object] ?? []).map((field, index) => `expand[${index}]=${encodeURIComponent(field)}`)
  const query = expand.length > 0 ? `?${expand.join('&')}` : ''
  // An empty id would turn the read into a list.
  if (gatewayId === '') throw new TypeError('an object is read by its id')
  return `/v1/${collections[object]}/${encodeURIComponent(gatewayId)}${query}`
}
