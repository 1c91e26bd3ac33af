import type Stripe from 'stripe'
import { isFlorinError, UnavailableError } from '../errors.ts'
import type { Observation } from '../observations/observation.ts'
import {
  type Answer,
  type GatewayEvents,
  type GatewayPage,
  type ObjectRef,
  objectOfCall,
  type PaymentGateway,
  type PreparedCall,
} from '../ports/gateway.ts'
import { systemRuntime } from '../runtime.ts'
import { toAnswer } from './errors.ts'
import { expansions } from './expansions.ts'
import { lookUp } from './look-up.ts'
import { observeObject } from './observe-object.ts'
import { render, subjectOf } from './prepare.ts'
import { API_VERSION, livemodeOf, sendsOnce } from './stripe-client.ts'
import {
  collections,
  page,
  pathOf,
  type SlowDown,
  type StripeRequests,
  type StripeRuntime,
  stripeRequests,
  toAccepted,
} from './stripe-requests.ts'
import { readStripeEvent, verifyStripeWebhook } from './stripe-webhook.ts'
import { idIn } from './wire.ts'

export interface StripeGatewayOptions {
  /**
   * A client made by `stripeClient`. Of another one it is never believed that nothing was sent: stripe-node sends once more
   * what a closed connection cut off, whatever its settings say.
   */
  readonly stripe: Stripe
  /** Signing secrets of the webhook endpoint; several are valid while one is rolled. Never empty. */
  readonly webhookSecrets: readonly string[]
  /** As in Florin's settings: written into what is made, so that another installation's objects are told apart. */
  readonly installation?: string | undefined
  readonly runtime?: StripeRuntime | undefined
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
    livemode: livemodeOf(stripe),
    prepare: (call) => ({
      call: call.do,
      subject: subjectOf(call),
      apiVersion: API_VERSION,
      ...render(call, installation),
    }),
    async send(call, options) {
      const sent = await requests.send(call, options)
      if (!('failure' in sent)) return shown(call, toAccepted(sent))
      const isCertain = sendsOnce(stripe) && !sent.begun
      return isCertain ? toAnswer(sent.failure, call) : uncertain(() => toAnswer(sent.failure, call))
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

/** An answer that shows nothing of what was asked for, as something between may give, tells of no outcome. */
function shown({ call }: PreparedCall, answer: Answer): Answer {
  const object = objectOfCall[call]
  if (object === null || answer.observations.some((one) => one.object === object)) return answer
  throw new UnavailableError('gateway_outcome_unknown', `Stripe's answer shows no ${object}`, 'unknown')
}

/** What a client says that may have sent it twice: its last failure proves nothing of the first try. */
function uncertain(answer: () => Answer): Answer {
  try {
    return answer()
  } catch (error) {
    if (!isFlorinError(error) || error.kind !== 'unavailable') throw error
    throw new UnavailableError('gateway_outcome_unknown', error.message, 'unknown', { cause: error })
  }
}

async function readAccount(requests: StripeRequests): Promise<{ readonly id: string }> {
  const found = await requests.get('account.read', '/v1/account')
  const id = idIn(found?.object)
  if (id === null) throw new UnavailableError('gateway_unavailable', 'Stripe tells no account', 'not_applied')
  return { id }
}

async function listObjects(
  requests: StripeRequests,
  { object, customer, after }: { object: ObjectRef['object']; customer?: string; after?: string },
): Promise<GatewayPage<readonly Observation[]>> {
  const expand = expansions[object].map((field) => `data.${field}`)
  const path = `/v1/${collections[object]}`
  const { data, stamp, next } = await page(requests, { of: object, path, filter: { customer }, after, expand })
  return { data: data.map((one) => observeObject(one, { stamp })), next }
}

async function listEvents(
  requests: StripeRequests,
  { since, after }: { since: number; after?: string },
): ReturnType<GatewayEvents['list']> {
  const filter = { 'created[gte]': since }
  const { data, next } = await page(requests, { of: 'event', path: '/v1/events', filter, after })
  return { data: data.map((event) => ({ event: readStripeEvent(event), body: JSON.stringify(event) })), next }
}
