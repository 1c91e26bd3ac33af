import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Role } from '@florin/core'
import { createStripeSandbox, serveSandbox, signWebhook } from '@florin/stripe-sandbox'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { ownRedis } from '../../../../test/services/own-redis.ts'
import { composeServer } from '../../src/cli/compose.ts'
import { readConfig } from '../../src/cli/config.ts'
import { needs } from '../../src/cli/config-needs.ts'
import { listen } from '../../src/cli/listen.ts'
import { createLogger } from '../../src/index.ts'
import { type AliceThings, makeAliceThings } from '../access-table.ts'
import type { Json, Send } from '../http-world.ts'
import { openDatabases } from '../replicas.ts'

export const secrets = {
  STRIPE_SECRET_KEY: 'sk_test_attacked',
  STRIPE_WEBHOOK_SECRET: 'whsec_attacked',
  JWT_SECRET: 'the secret of the attacked server, long enough',
  ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
  METRICS_TOKEN: 'the token of the attacked metrics',
}
export const issuer = 'https://login.example'
export const audience = 'payments'

/** A server that listens, as `florin serve` would make it, in this process. */
export interface AttackedServer {
  readonly url: string
  readonly port: number
}

/** What came back, whole. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

interface Request {
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: BodyInit | undefined
}

export interface AttackWorld {
  /** Takes tokens signed with a secret, for an issuer and an audience. */
  readonly main: AttackedServer
  /** Takes tokens of published keys, over the same database. */
  readonly published: AttackedServer
  /** Another one, over the same database. */
  serve(environment: Readonly<Record<string, string>>): Promise<AttackedServer>
  ask(method: string, path: string, request?: Request, server?: AttackedServer): Promise<Reply>
  /** Writes bytes to a connection and answers what came back until it ended. */
  write(bytes: string | Uint8Array, server?: AttackedServer): Promise<string>
  /** The token of one of the callers. */
  readonly tokens: Readonly<Record<string, string>>
  /** As the tests of single endpoints send. */
  readonly send: Send
  readonly alice: AliceThings
  readonly document: Json
  /** Lets a second go by at Stripe. */
  tick(): Promise<void>
  sign(body: string | Uint8Array, secret?: string, at?: number): string
  /** The keys of the issuer of `published`. */
  readonly keys: { readonly private: CryptoKey; readonly publicPem: string; readonly jwk: Json }
  /** What all servers have logged. */
  logged(): string
  close(): Promise<void>
}

export const now = () => Math.floor(Date.now() / 1000)
const bytesOf = (text: string) => new TextEncoder().encode(text)

/** A token as the host's login would make it. */
const tokenFor = (sub: string, ...roles: Role[]) =>
  new SignJWT({ roles, iss: issuer, aud: audience, sub, exp: now() + 3600 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(bytesOf(secrets.JWT_SECRET))

const prices = ['price_1234567890']

export async function openAttackWorld(): Promise<AttackWorld> {
  const closing: (() => Promise<unknown> | unknown)[] = []
  const lines: string[] = []
  const logger = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } })
  const databases = await openDatabases()
  closing.push(databases.close)
  const database = await databases.open()

  let main: AttackedServer | undefined
  const sandbox = createStripeSandbox({
    ...{ webhookMode: { hold: true }, now: now(), ticking: true },
    webhookEndpoints: [{ url: 'http://127.0.0.1/api/v1/webhooks/stripe', secret: secrets.STRIPE_WEBHOOK_SECRET }],
    send: async (_, body, headers) => {
      const response = await fetch(`${main?.url}/api/v1/webhooks/stripe`, { method: 'POST', body, headers })
      return { status: response.status }
    },
  })
  const stripe = await serveSandbox(sandbox, { port: 0 })
  closing.push(stripe.close, () => sandbox.close())

  const pair = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'attacked', alg: 'RS256' }
  const keyServer = createServer((_, response) => void response.end(JSON.stringify({ keys: [jwk] })))
  keyServer.listen(0, '127.0.0.1')
  await once(keyServer, 'listening')
  closing.push(() => keyServer.close())

  const serve = async (environment: Readonly<Record<string, string>>): Promise<AttackedServer> => {
    const config = readConfig(
      {
        folder: import.meta.dirname,
        environment: {
          ...{ ...secrets, JWT_ISSUER: issuer, JWT_AUDIENCE: audience, SUBSCRIBABLE_PRICES: prices.join() },
          ...{ DATABASE_URL: database.url, REDIS_URL: ownRedis(), STRIPE_API_BASE: stripe.url },
          ...{ RATE_LIMIT_PER_MINUTE: '100000', STRIPE_RATE_LIMIT_PER_SECOND: '0', REQUIRE_IDEMPOTENCY_KEY: 'false' },
          ...environment,
        },
      },
      needs.serve,
    )
    const composed = await composeServer(config, logger)
    const { port, close } = await listen({
      fetch: composed.fetch,
      port: 0,
      host: '127.0.0.1',
      choosePort: '--port',
      logger,
    })
    closing.push(composed.close, () => close(0))
    return { port, url: `http://127.0.0.1:${port}` }
  }
  main = await serve({})
  const keyUrl = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/`
  const published = await serve({ JWT_SECRET: '', JWT_JWKS_URL: keyUrl })

  const tokens: Readonly<Record<string, string>> = {
    service: await tokenFor('backend', 'service'),
    admin: await tokenFor('root', 'admin'),
    support: await tokenFor('helper', 'support'),
    alice: await tokenFor('alice', 'user'),
    bob: await tokenFor('bob', 'user'),
    nobody: await tokenFor('nobody'),
  }
  const ask: AttackWorld['ask'] = async (method, path, { token, headers = {}, body } = {}, server = main) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { ...(token !== undefined && { Authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { body, duplex: 'half' }),
    } as RequestInit)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  const send: Send = async (method, path, body, { as = 'service', key, headers = {} } = {}) => {
    const reply = await ask(method, path, {
      token: as === 'anonymous' ? undefined : (tokens[as] ?? as),
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(key !== undefined && { 'Idempotency-Key': key }),
        ...headers,
      },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    })
    const isJson = reply.headers.get('content-type')?.includes('json')
    return { ...reply, body: isJson ? JSON.parse(reply.text) : reply.text }
  }
  const webhooks = async (): Promise<void> => {
    await sandbox.clock.advance(1)
    await sandbox.webhooks.flush()
  }
  const alice = await makeAliceThings(send, webhooks, prices[0] ?? '')
  return {
    ...{ main, published, serve, ask, tokens, send, alice },
    document: (await send('GET', '/openapi.json', undefined, { as: 'anonymous' })).body,
    write: (bytes, server = main) => converse(server.port, bytes),
    tick: async () => void (await sandbox.clock.advance(1)),
    sign: (body, secret = secrets.STRIPE_WEBHOOK_SECRET, at = now()) =>
      signWebhook(typeof body === 'string' ? body : new TextDecoder().decode(body), [secret], at),
    keys: { private: pair.privateKey, publicPem: await exportSPKI(pair.publicKey), jwk },
    logged: () => lines.join(''),
    async close() {
      for (const end of closing.reverse()) await end()
    },
  }
}

const PATIENCE_MS = 5000

/** What a server answers to bytes, until it ends the connection or has been silent for long. */
function converse(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.setEncoding('latin1').on('data', (text) => {
    heard += text
  })
  socket.write(bytes)
  socket.setTimeout(PATIENCE_MS, () => socket.destroy())
  return new Promise((resolve) => socket.on('error', () => undefined).on('close', () => resolve(heard)))
}
