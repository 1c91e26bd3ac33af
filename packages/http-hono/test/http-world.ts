import { createFlorin, type FlorinOptions, type Role } from '@florin/core'
import { memoryStorage } from '@florin/core/memory'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox, type FetchInput, signWebhook } from '@florin/stripe-sandbox'
import { SignJWT } from 'jose'
import { validating } from '../../stripe-sandbox/test/validating.ts'
import { type AppOptions, createApp, jwtAuthenticator } from '../src/index.ts'

export const jwtSecret = 'a secret for tests that is long enough'
const webhookSecret = 'whsec_tests'

/** A JWT as the host's login would make it. */
export const tokenFor = (sub: string, ...roles: Role[]) =>
  new SignJWT({ roles }).setProtectedHeader({ alg: 'HS256' }).setSubject(sub).setExpirationTime('1h').sign(key)

const key = new TextEncoder().encode(jwtSecret)

interface WorldOptions {
  readonly app?: Partial<AppOptions>
  /** May depend on the prices that Stripe has in this world. */
  readonly settings?: FlorinOptions['settings'] | ((prices: Prices) => FlorinOptions['settings'])
  readonly observer?: FlorinOptions['observer']
}

/** An answer as tests look at it. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // Tests look into answers of every shape; what is not there fails the expectation.
  readonly body: Json
}
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any

export type Send = (
  method: string,
  path: string,
  body?: unknown,
  options?: { as?: string; key?: string; headers?: Record<string, string> },
) => Promise<Answer>

/** The whole service in this process: app, core, memory storage, Stripe gateway and Stripe's sandbox. */
export async function openWorld({ app: appOptions, settings, observer }: WorldOptions = {}) {
  const sandbox = validating(
    createStripeSandbox({
      // Held until a test asks for them: what arrives in the background would make answers differ from run to run.
      webhookMode: { hold: true },
      webhookEndpoints: [{ url: 'http://127.0.0.1/api/v1/webhooks/stripe', secret: webhookSecret }],
      send: async (url, body, headers) => ({
        status: (await app.request(url, { method: 'POST', body, headers })).status,
      }),
    }),
  )
  const prices = await makePrices(sandbox.fetch)
  const rules = typeof settings === 'function' ? settings(prices) : settings
  const florin = createFlorin({
    storage: memoryStorage(),
    cipher: nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32) } }),
    gateway: stripeGateway({
      stripe: stripeClient({ secretKey: 'sk_test_tests', fetch: sandbox.fetch }),
      webhookSecrets: [webhookSecret],
      installation: 'florin',
    }),
    ...(rules && { settings: rules }),
    ...(observer && { observer }),
  })
  const app = createApp(florin, { auth: jwtAuthenticator({ secret: jwtSecret }), ...appOptions })
  const tokens: Record<string, string> = {
    service: await tokenFor('backend', 'service'),
    admin: await tokenFor('root', 'admin'),
    support: await tokenFor('helper', 'support'),
    alice: await tokenFor('alice', 'user'),
    bob: await tokenFor('bob', 'user'),
    nobody: await tokenFor('nobody'),
  }
  const send: Send = async (method, path, body, { as = 'service', key, headers = {} } = {}) => {
    const response = await app.request(path, {
      method,
      headers: {
        ...(as !== 'anonymous' && { Authorization: `Bearer ${tokens[as] ?? as}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(key !== undefined && { 'Idempotency-Key': key }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
  }
  const sign = (body: string) => signWebhook(body, [webhookSecret], Math.floor(Date.now() / 1000))
  /** Lets all that is due at Stripe happen, and delivers the webhooks of it. */
  const webhooks = async () => {
    await sandbox.clock.advance(1)
    await sandbox.webhooks.flush()
  }
  return { app, florin, sandbox, send, sign, webhooks, ...prices }
}

/** A payment that went through. */
export async function paidPayment(send: Send, user = 'alice', amount = 1000): Promise<Json> {
  const body = { user_id: user, amount, currency: 'USD', payment_method: 'pm_card_visa' }
  return (await send('POST', '/api/v1/payments', body)).body
}

/** Two monthly prices. */
type Prices = Readonly<Record<'basic' | 'better', string>>

async function makePrices(send: (input: FetchInput, init: RequestInit) => Promise<Response>): Promise<Prices> {
  const stripe = async (path: string, body: Record<string, string>): Promise<Json> => {
    const response = await send(`https://api.stripe.com/v1/${path}`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sk_test_tests', 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(body).toString(),
    })
    return response.json()
  }
  const product = await stripe('products', { name: 'Basic' })
  const price = async (amount: string): Promise<string> => {
    const of = { product: product.id, currency: 'usd', unit_amount: amount, 'recurring[interval]': 'month' }
    return (await stripe('prices', of)).id
  }
  return { basic: await price('1000'), better: await price('2000') }
}
