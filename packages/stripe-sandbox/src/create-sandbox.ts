import { createControl } from './control/control.ts'
import type { Outcome } from './engine/answer.ts'
import { currentApiVersion } from './engine/api-versions.ts'
import { createClock, type SandboxClock } from './engine/clock.ts'
import { createContext } from './engine/context.ts'
import { createExchange } from './engine/exchange.ts'
import { createFaults, type Faults } from './engine/faults.ts'
import { createLocks, createRateLimiter, type RateLimit } from './engine/limits.ts'
import { createRegistry } from './engine/registry.ts'
import { createRequestLog, type RequestLog } from './engine/request-log.ts'
import type { Slice } from './engine/slice.ts'
import { atomically, createState, restoreInto, type SandboxSnapshot, snapshotOf } from './engine/state.ts'
import { createChangeSignal } from './page/live-stream.ts'
import { createPage } from './page/page.ts'
import { slices as allSlices } from './slices.ts'
import { cutError, toResponse } from './transport.ts'
import { createWebhookEndpoint } from './webhooks/webhook-endpoint.ts'
import type { WebhookMode } from './webhooks/webhook-mode.ts'
import { sendToLoopback, type WebhookSender } from './webhooks/webhook-sender.ts'
import { createWebhooks, type SandboxWebhooks } from './webhooks/webhooks.ts'

/** How a sandbox starts. Everything has a default; with the same options, the same calls give the same answers. */
export interface SandboxOptions {
  /** What ids, secrets and chances are made from. Default `florin`. */
  readonly seed?: string | number
  /** Secret keys that are accepted. Default: every `sk_test_…` and `rk_test_…`. */
  readonly keys?: readonly string[]
  /** Virtual time at the start, in Unix seconds. Default 1 November 2026. Ignored with `restore`. */
  readonly now?: number
  /** Whether virtual time passes as real time does. Default false: it only moves when it is moved. */
  readonly ticking?: boolean
  /** Endpoints that exist from the start. Ignored with `restore`. */
  readonly webhookEndpoints?: readonly WebhookEndpointOption[]
  /** How webhooks are posted. Default: over the network, to this machine only. */
  readonly send?: WebhookSender
  /** Real milliseconds after which a delivery counts as failed. Default 10 000. */
  readonly deliveryTimeout?: number
  readonly webhookMode?: Partial<WebhookMode>
  /** Real milliseconds that each POST and DELETE takes before its effect, with its key and lock held. Default 0. */
  readonly latency?: number
  readonly rateLimit?: RateLimit
  /** Go on from a snapshot. A `webhookMode` given beside it wins over the snapshot's. */
  readonly restore?: SandboxSnapshot
  /** More slices, or other ones in tests of the sandbox itself. */
  readonly slices?: readonly Slice[]
  /** How many requests the log keeps. Default 10 000. */
  readonly requestLogSize?: number
}

/** An endpoint to make at the start. */
export interface WebhookEndpointOption {
  readonly url: string
  /** Default `['*']`. */
  readonly enabled_events?: readonly string[]
  /** Default: made from the seed. */
  readonly secret?: string
  readonly api_version?: string
}

/** What a `fetch` function takes. */
export type FetchInput = string | URL | Request

/** A running sandbox. */
export interface StripeSandbox {
  /** Answers Stripe's API, the control API under `/_sandbox`, and a page for people at `/`. Give it to `Stripe.createFetchHttpClient`. */
  readonly fetch: (input: FetchInput, init?: RequestInit) => Promise<Response>
  /** The same for servers: what the caller gets, also where that is a cut connection. */
  readonly exchange: (request: Request) => Promise<Outcome>
  readonly clock: SandboxClock
  readonly state: SandboxState
  readonly webhooks: SandboxWebhooks
  readonly faults: Faults
  readonly requests: RequestLog
  /** Calls the control API, e.g. `control('POST', '/payment_intents/pi_…/authenticate', { outcome: 'succeed' })`. */
  readonly control: (method: string, path: string, body?: object) => Promise<unknown>
  /** Stops deliveries and the ticking clock. */
  readonly close: () => void
}

/** The state as JSON. */
export interface SandboxState {
  snapshot(): SandboxSnapshot
  /** Puts the sandbox back to a snapshot. */
  restore(snapshot: SandboxSnapshot): void
  /** Back to how it started. */
  reset(): void
  /** All objects of a kind, oldest first, e.g. `all('refund')`. */
  all(kind: string): readonly object[]
  /** One object, or undefined. */
  find(kind: string, id: string): object | undefined
}

/** Makes a sandbox of its own: nothing is shared between two of them. */
export function createStripeSandbox(options: SandboxOptions = {}): StripeSandbox {
  const registry = createRegistry(options.slices ?? allSlices)
  const start = { seed: String(options.seed ?? 'florin'), now: options.now ?? 1_793_491_200 }
  const state = createState(start, options.restore)
  const engine = { state, registry }
  const changes = createChangeSignal()
  state.changed = changes.notify
  const context = createContext(engine, { apiVersion: currentApiVersion })
  const webhooks = createWebhooks(context, {
    send: options.send ?? sendToLoopback,
    timeout: options.deliveryTimeout ?? 10_000,
    ...(options.webhookMode === undefined ? {} : { mode: options.webhookMode }),
  })
  const timing = { settled: webhooks.settled, ticking: options.ticking ?? false, effectDone: webhooks.wake }
  const clock = createClock(engine, timing)
  const faults = createFaults(state)
  const requests = createRequestLog(options.requestLogSize ?? 10_000)
  const perform = createExchange({
    state,
    registry,
    faults,
    locks: createLocks(),
    limit: createRateLimiter(options.rateLimit),
    log: requests,
    keys: options.keys,
    latency: options.latency ?? 0,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    effectDone: webhooks.wake,
  })
  const seedState = (): void =>
    atomically(
      state,
      () => {
        for (const slice of registry.slices) slice.seed?.(context)
        for (const endpoint of options.webhookEndpoints ?? []) createWebhookEndpoint(context, endpoint)
      },
      () => false,
    )
  if (options.restore === undefined) seedState()
  else webhooks.resume()
  const sandboxState: SandboxState = {
    snapshot: () => snapshotOf(state),
    restore(snapshot) {
      restoreInto(state, snapshot)
      clock.rebase()
      webhooks.resume()
    },
    reset() {
      restoreInto(state, { version: 1, ...start, counters: {}, collections: {}, tasks: [] })
      requests.clear()
      if (options.webhookMode !== undefined) webhooks.setMode(options.webhookMode)
      clock.rebase()
      seedState()
    },
    all: (kind) => [...(state.tables.get(kind)?.values() ?? [])],
    find: (kind, id) => state.tables.get(kind)?.get(id),
  }
  const control = createControl({ engine, clock, faults, requests, webhooks, state: sandboxState })
  const page = createPage({
    ...{ context, clock, faults, requests, webhooks, changes },
    control: control.call,
    reset: sandboxState.reset,
    ticking: options.ticking ?? false,
  })
  const exchange = async (request: Request): Promise<Outcome> => {
    clock.catchUp()
    const url = new URL(request.url)
    const { pathname, search } = url
    const { method } = request
    const body = await request.text()
    const header = (name: string): string | null => request.headers.get(name)
    if (pathname.startsWith('/_sandbox') && method !== 'GET' && isOfAnotherSite(header('sec-fetch-site'))) {
      return { kind: 'page', response: new Response('Not from here.', { status: 403 }) }
    }
    const response = await page({ method, url, body, header })
    if (response !== undefined) return { kind: 'page', response }
    if (pathname.startsWith('/_sandbox')) {
      return { kind: 'answer', answer: await control.answer(method, pathname.slice('/_sandbox'.length), body) }
    }
    const outcome = await perform({ method, path: pathname, query: search.slice(1), body, header })
    // Reading changes nothing but the log.
    changes.notify()
    if (webhooks.mode().before_answer) await webhooks.settled()
    return outcome
  }
  const timer = options.ticking === true ? setInterval(clock.catchUp, 1000).unref() : undefined
  return {
    exchange,
    clock,
    state: sandboxState,
    webhooks,
    faults,
    requests,
    control: control.call,
    async fetch(input, init) {
      const request = new Request(input, init)
      const outcome = await untilAborted(exchange(request), request.signal)
      if (outcome.kind === 'cut') throw cutError()
      if (outcome.kind === 'page') return outcome.response
      return toResponse(outcome.answer, { truncated: outcome.kind === 'truncated' })
    },
    close() {
      clearInterval(timer)
      webhooks.stop()
    },
  }
}

/** Another site's page may post a form to this machine; the browser says when it did. */
const isOfAnotherSite = (site: string | null) => site === 'cross-site' || site === 'same-site'

/** A caller that gives up gets its abort; what it asked for goes on, as on a server. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
