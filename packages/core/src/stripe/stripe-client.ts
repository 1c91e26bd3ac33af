import Stripe from 'stripe'

/** The version of Stripe's API that Florin is written for; sent with every request. */
export const API_VERSION = '2026-10-28.endive'

export interface StripeClientOptions {
  readonly secretKey: string
  /** Another host that speaks Stripe's API, e.g. `http://127.0.0.1:9098` for the sandbox. */
  readonly apiBase?: string | undefined
  /** How requests are sent, e.g. the sandbox's own `fetch`; absent: Node's client with kept-alive connections. */
  readonly fetch?: typeof fetch | undefined
  /** How long one request may take. Default 20 s. */
  readonly timeoutMs?: number
}

/**
 * A stripe-node client as Florin needs it: pinned version, no retries of its own (Florin decides what may be sent
 * again), no telemetry.
 */
export function stripeClient({ secretKey, apiBase, fetch: send, timeoutMs = 20_000 }: StripeClientOptions): Stripe {
  return new Stripe(secretKey, {
    apiVersion: API_VERSION,
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: timeoutMs,
    ...(apiBase !== undefined && address(apiBase)),
    // Called through a function, so that a fetch that is replaced later (as msw does) is the one that is used.
    ...(send && { httpClient: Stripe.createFetchHttpClient((input, init) => send(input, init)) }),
  })
}

function address(apiBase: string) {
  const { protocol, hostname, port } = new URL(apiBase)
  const secure = protocol === 'https:'
  return {
    host: hostname,
    port: port || (secure ? '443' : '80'),
    protocol: secure ? ('https' as const) : ('http' as const),
  }
}
