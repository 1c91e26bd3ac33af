import Stripe from 'stripe'
import { onTestFinished } from 'vitest'
import { createStripeSandbox, type SandboxOptions, type StripeSandbox, serveSandbox } from '../src/index.ts'
import { validating } from './validating.ts'

/** How a client reaches the sandbox. Every promise holds both ways. */
export const transports = ['in-process', 'http'] as const

export const endpointSecret = 'whsec_test'

/** A sandbox with a client, and the webhooks that it has sent. */
export interface Rig {
  readonly sandbox: StripeSandbox
  readonly stripe: Stripe
  /** Events received so far, each verified by stripe-node. */
  readonly received: Stripe.Event[]
  /** What the endpoint answers; 200 unless changed. */
  readonly endpoint: { status: number }
  /** A raw request, for what stripe-node does not show. */
  readonly raw: (path: string, init?: RequestInit) => Promise<Response>
  readonly types: () => string[]
}

/** A sandbox without client or endpoint, held against stripe-node's types like every other. */
export const openSandbox = (options: SandboxOptions = {}): StripeSandbox => validating(createStripeSandbox(options))

/** A client that calls a sandbox in this process. */
export const clientOf = ({ fetch }: StripeSandbox): Stripe =>
  new Stripe('sk_test_rig', { ...settings, httpClient: Stripe.createFetchHttpClient(fetch) })

const settings = { telemetry: false, maxNetworkRetries: 0, timeout: 2000 } as const

/** Opens a sandbox of its own for one test, and closes it afterwards. */
export async function openRig(transport: (typeof transports)[number], options: SandboxOptions = {}): Promise<Rig> {
  const received: Stripe.Event[] = []
  const endpoint = { status: 200 }
  const verifier = new Stripe('sk_test_verifier')
  const sandbox = openSandbox({
    webhookEndpoints: [{ url: 'http://127.0.0.1:9/hooks', secret: endpointSecret }],
    send: async (_url, body, headers) => {
      received.push(verifier.webhooks.constructEvent(body, headers['stripe-signature'] ?? '', endpointSecret))
      return { status: endpoint.status }
    },
    ...options,
  })
  onTestFinished(() => sandbox.close())
  const types = (): string[] => received.map((event) => event.type)
  if (transport === 'in-process') {
    const raw = (path: string, init?: RequestInit) => sandbox.fetch(`http://sandbox${path}`, init)
    return { sandbox, stripe: clientOf(sandbox), received, endpoint, raw, types }
  }
  const served = await serveSandbox(sandbox, { port: 0 })
  onTestFinished(() => served.close())
  const stripe = new Stripe('sk_test_rig', { ...settings, host: '127.0.0.1', port: served.port, protocol: 'http' })
  return { sandbox, stripe, received, endpoint, raw: (path, init) => fetch(served.url + path, init), types }
}

export const noRedirects = { enabled: true, allow_redirects: 'never' } as const

/** A payment that succeeded. */
export const payWith = (
  stripe: Stripe,
  method = 'pm_card_visa',
  more: Partial<Stripe.PaymentIntentCreateParams> = {},
) =>
  stripe.paymentIntents.create({
    amount: 2000,
    currency: 'usd',
    payment_method: method,
    confirm: true,
    automatic_payment_methods: noRedirects,
    ...more,
  })

export const authorized = { authorization: 'Bearer sk_test_rig' }
