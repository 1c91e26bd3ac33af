import type Stripe from 'stripe'
import { z } from 'zod'
import { UnavailableError } from '../errors.ts'
import type { CallBudget } from '../ports/call-budget.ts'
import type { Answer, ObjectRef, PaymentGateway, PreparedCall } from '../ports/gateway.ts'
import type { Runtime } from '../ports/runtime.ts'
import { isRunning, isTurnedAway, noAnswer, readFailure, type StripeFailure } from './errors.ts'
import { expansions } from './expansions.ts'
import { readHeaders } from './headers.ts'
import { observeObject } from './observe-object.ts'
import { idIn, text, type Wire, wire } from './wire.ts'

const MOST_SENDS = 4
const LONGEST_MS = 10_000

/** What came back: an object with Stripe's time, or how it failed. */
export type Sent =
  | { readonly object: Wire; readonly stamp: number; readonly replayed: boolean }
  /** `begun`: another request with the same key was running, so the last failure does not say that nothing was done. */
  | { readonly failure: StripeFailure; readonly begun: boolean }

export type StripeRuntime = Pick<Runtime, 'now' | 'wait' | 'randomBytes'>

/** Requests to Stripe. What Stripe turned away before it began (too many requests, a key still running) is sent again. */
export interface StripeRequests {
  /** @throws `unavailable` gateway_outcome_unknown where it may not be sent any more */
  send(call: PreparedCall, options: Parameters<PaymentGateway['send']>[1]): Promise<Sent>
  /**
   * A GET; undefined for a 404. The endpoint is named as the call budget does.
   *
   * @throws `unavailable`
   */
  get(endpoint: string, path: string): Promise<Extract<Sent, { object: Wire }> | undefined>
}

/** Is told when Stripe says that there are too many requests. */
export type SlowDown = Pick<CallBudget, 'slowDown'>

/** Sends over one client, which should not retry by itself: what Stripe turned away is sent 4 times at most, for 10 s. */
export function stripeRequests(stripe: Stripe, runtime: StripeRuntime, budget?: SlowDown): StripeRequests {
  return {
    send: ({ call, method, path, params, apiVersion }, { idempotencyKey, maySend }) =>
      patiently({ runtime, budget, endpoint: call, maySend }, () =>
        method === 'POST'
          ? stripe.rawRequest('POST', path, params, { idempotencyKey, apiVersion })
          : // DELETE carries no key: Stripe knows none there.
            stripe.rawRequest('DELETE', path, undefined, { apiVersion }),
      ),
    async get(endpoint, path) {
      const sent = await patiently({ runtime, budget, endpoint }, () => stripe.rawRequest('GET', path))
      if ('object' in sent) return sent
      if (sent.failure.statusCode === 404) return undefined
      throw noAnswer(sent.failure)
    },
  }
}

interface Patience {
  readonly runtime: StripeRuntime
  readonly budget: SlowDown | undefined
  readonly endpoint: string
  readonly maySend?: (() => boolean) | undefined
}

async function patiently(
  { runtime, budget, endpoint, maySend = () => true }: Patience,
  request: () => Promise<unknown>,
): Promise<Sent> {
  const until = runtime.now() + LONGEST_MS
  let begun = false
  for (let sends = 1; ; sends += 1) {
    if (!maySend()) throw new UnavailableError('gateway_outcome_unknown', 'it is not to be sent any more', 'unknown')
    let response: unknown
    try {
      response = await request()
    } catch (error) {
      const failure = readFailure(error)
      begun ||= isRunning(failure)
      const { exceeded } = readHeaders(failure.headers)
      if (exceeded) await budget?.slowDown(exceeded === 'endpoint' ? endpoint : null)
      const [random = 0] = runtime.randomBytes(1)
      const pause = 250 * 2 ** sends * (0.5 + random / 512)
      const stop = sends >= MOST_SENDS || runtime.now() + pause > until
      if (!isTurnedAway(failure) || stop) return { failure, begun }
      await runtime.wait(pause)
      continue
    }
    const { stamp, replayed } = readHeaders(lastHeaders(response))
    // Without Stripe's time the answer could not be put in order with the webhooks.
    if (stamp === undefined)
      throw new UnavailableError('gateway_outcome_unknown', 'an answer without a date', 'unknown')
    return { object: wire.parse(response), stamp, replayed }
  }
}

const carrier = z.object({ headers: z.unknown() })

function lastHeaders(response: unknown): unknown {
  // stripe-node hangs the response on the object as a property that is not enumerable, so zod needs it by name.
  const lastResponse = typeof response === 'object' && response !== null ? Reflect.get(response, 'lastResponse') : null
  const parsed = carrier.safeParse(lastResponse)
  return parsed.success ? parsed.data.headers : undefined
}

const answerShape = z.object({ id: text, status: text, client_secret: text, url: text })

/** An object of Stripe's as the answer to a call. */
export function toAccepted({ object, stamp, replayed }: Extract<Sent, { object: Wire }>): Answer {
  const { id, status, client_secret, url } = answerShape.parse(object)
  const told = { objectId: id, observations: observeObject(object, { stamp }), replayed }
  return { ...told, outcome: 'accepted', status, clientSecret: client_secret, url }
}

export const collections = {
  customer: 'customers',
  dispute: 'disputes',
  invoice: 'invoices',
  payment: 'payment_intents',
  payment_method: 'payment_methods',
  refund: 'refunds',
  subscription: 'subscriptions',
} as const satisfies Record<ObjectRef['object'], string>

/** The path of an object, with what hangs on it. */
export function pathOf({ object, gatewayId }: ObjectRef): string {
  // An empty id would turn the read into a list.
  if (gatewayId === '') throw new TypeError('an object is read by its id')
  return `/v1/${collections[object]}/${encodeURIComponent(gatewayId)}${queryOf({}, expansions[object])}`
}

/** What is asked of a list, and where. */
interface Listing {
  /** What is listed, as the call budget names it. */
  readonly of: string
  readonly path: string
  readonly filter?: Params
  /** The last object of the page before. */
  readonly after?: string | undefined
  readonly expand?: readonly string[]
}

/** A page of a list, newest first, with Stripe's time. */
interface Page {
  readonly data: readonly Wire[]
  readonly stamp: number
  /** Give it as `after` to get the next page; null on the last one. */
  readonly next: string | null
}

/**
 * Reads one page of a list.
 *
 * @throws `unavailable`
 */
export async function page(
  requests: Pick<StripeRequests, 'get'>,
  { of, path, filter, after, expand = [] }: Listing,
): Promise<Page> {
  // Stripe lists only living subscriptions unless asked for all.
  const all = of === 'subscription' && { status: 'all' }
  const found = await requests.get(
    `${of}.list`,
    `${path}${queryOf({ ...all, ...filter, limit: 100, starting_after: after }, expand)}`,
  )
  const { data, has_more } = listShape.parse(found?.object)
  return { data, stamp: found?.stamp ?? 0, next: has_more ? idIn(data.at(-1)) : null }
}

const listShape = z.object({ data: z.array(wire), has_more: z.boolean() })

/** What stands in a query; what is undefined does not. */
type Params = Readonly<Record<string, string | number | undefined>>

/** A query string in Stripe's encoding. */
function queryOf(params: Params, expand: readonly string[]): string {
  const pairs = [
    ...Object.entries(params).filter(([, value]) => value !== undefined),
    ...expand.map((field, index) => [`expand[${index}]`, field]),
  ]
  const query = pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')
  return query === '' ? '' : `?${query}`
}
