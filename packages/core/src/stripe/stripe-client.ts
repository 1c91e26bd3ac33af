import Stripe from 'stripe'
import { z } from 'zod'

/** The version of Stripe's API that Florin is written for; sent with every request. */
export const API_VERSION = '2026-10-28.endive'

export interface StripeClientOptions {
  readonly secretKey: string
  /** Another host that speaks Stripe's API, e.g. `http://127.0.0.1:9098` for the sandbox. */
  readonly apiBase?: string | undefined
  /**
   * How requests are sent, e.g. the sandbox's own `fetch`; absent: Node's client with kept-alive connections, and the
   * platform's `fetch` where there is no Node.
   */
  readonly fetch?: typeof fetch | undefined
  /** How long one request may take. Default 20 s. */
  readonly timeoutMs?: number | undefined
}

// stripe-node keeps the key to itself, so the mode of a client's key is remembered when the client is made.
const modes = new WeakMap<Stripe, boolean>()

/** Whether the client's key is a live one; undefined of a client that `stripeClient` did not make. */
export const livemodeOf = (stripe: Stripe): boolean | undefined => modes.get(stripe)

/** Whether a client sends nothing twice by itself: others do, and what they say of a failure is that of the last try. */
export const sendsOnce = (stripe: Stripe): boolean => modes.has(stripe)

/**
 * A stripe-node client as Florin needs it: pinned version, no retries of its own (Florin decides what may be sent
 * again), no telemetry.
 */
export function stripeClient({ secretKey, apiBase, fetch: send, timeoutMs = 20_000 }: StripeClientOptions): Stripe {
  const stripe = new Stripe(secretKey, {
    apiVersion: API_VERSION,
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: timeoutMs,
    ...(apiBase !== undefined && address(apiBase)),
    httpClient: send ? fetchHttpClient(send) : ownHttpClient(),
  })
  modes.set(stripe, /^[sr]k_live_/.test(secretKey))
  return stripe
}

// Called through a function, so that a fetch that is replaced later (as msw does) is the one that is used.
const fetchHttpClient = (send: typeof fetch) => Stripe.createFetchHttpClient((input, init) => send(input, init))

function ownHttpClient() {
  try {
    return nodeHttpClient()
  } catch {
    // The build of stripe-node for workers, Bun and Deno has none, and says so by throwing.
    return fetchHttpClient((input, init) => fetch(input, init))
  }
}

/**
 * stripe-node sends once more by itself what a closed connection (ECONNRESET, EPIPE) cut off, although it is told never to.
 * Then the second failure might say that nobody was there, of a request that was carried out the first time. It knows these
 * failures by their codes, so they get another one. (What `fetch` throws carries no code.)
 */
function nodeHttpClient() {
  const client = Stripe.createNodeHttpClient()
  const send = client.makeRequest.bind(client)
  client.makeRequest = (...request) =>
    send(...request).catch((cause: unknown) => {
      const { data: closed } = closedConnection.safeParse(cause)
      if (!closed) throw cause
      throw Object.assign(new Error(`the connection broke (${closed.code})`, { cause }), { code: 'CONNECTION_BROKEN' })
    })
  return client
}

const closedConnection = z.object({ code: z.enum(['ECONNRESET', 'EPIPE']) })

function address(apiBase: string) {
  const { protocol, hostname, port } = new URL(apiBase)
  const secure = protocol === 'https:'
  return {
    host: hostname,
    port: port || (secure ? '443' : '80'),
    protocol: secure ? ('https' as const) : ('http' as const),
  }
}
