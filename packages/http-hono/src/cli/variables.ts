import { z } from 'zod'
import { publicKeyAlgorithms } from '../auth.ts'
import { readEncryptionKey } from './encryption-key.ts'
import { readAlgorithm, readEventSecret, readEventUrl, readSecretKey, readWebhookSecret } from './keys-and-urls.ts'
import { placeholders, sandboxPrice } from './sandbox-constants.ts'
import {
  choice,
  duration,
  flag,
  integer,
  list,
  names,
  port,
  read,
  readAddressRange,
  readHost,
  readNode,
  readOrigin,
  text,
  url,
  wholePattern,
} from './value-types.ts'

/** What is told of a variable: in errors, in `.env.example` and in the docs. */
export interface About {
  readonly group: string
  readonly about: string
  /** How to get a value, for what a server cannot do without. */
  readonly get?: string
  /** Stands in `.env.example`, uncommented. */
  readonly placeholder?: string
  /** Stands there commented out, where there is no default to show. */
  readonly example?: string
  /** Never printed. */
  readonly secret?: true
}

/** What is known about the schema of each variable. */
export const about = z.registry<About>()

const inGroup =
  (group: string) =>
  (sentence: string, more: Omit<About, 'group' | 'about'> = {}): About => ({ group, about: sentence, ...more })
const server = inGroup('HTTP server')
const postgres = inGroup('PostgreSQL')
const redis = inGroup('Redis')
const stripe = inGroup('Stripe')
const tokens = inGroup('Tokens')
const encryption = inGroup('Encryption')
const rules = inGroup('Rules')
const events = inGroup('Events')
const sandbox = inGroup('Sandbox')

/**
 * Every variable that Florin reads, wherever it comes from. `.env.example` is made from this, in this order.
 */
export const variables = z.object({
  STRIPE_SECRET_KEY: read(readSecretKey)
    .optional()
    .register(
      about,
      stripe('Secret key of the Stripe account', {
        get: 'take it from https://dashboard.stripe.com/apikeys',
        placeholder: placeholders.STRIPE_SECRET_KEY,
        secret: true,
      }),
    ),
  STRIPE_WEBHOOK_SECRET: list(readWebhookSecret)
    .optional()
    .register(
      about,
      stripe('Signing secret of the webhook endpoint; several, comma-separated, while one is rolled', {
        get: 'take it from https://dashboard.stripe.com/webhooks',
        placeholder: placeholders.STRIPE_WEBHOOK_SECRET,
        secret: true,
      }),
    ),
  STRIPE_API_BASE: read(readHost)
    .optional()
    .register(
      about,
      stripe("Another host that speaks Stripe's API, such as `florin sandbox`", { example: 'http://127.0.0.1:9098' }),
    ),
  STRIPE_RATE_LIMIT_PER_SECOND: integer({ from: 0, to: 1000 })
    .optional()
    .register(
      about,
      stripe(
        'Calls a second to the account, of all servers together (100; with a test key 25); 0 turns the limit off',
        {
          example: '100',
        },
      ),
    ),
  STRIPE_ENDPOINT_RATE_LIMIT_PER_SECOND: integer({ from: 1, to: 1000 })
    .default(25)
    .register(about, stripe('The same on any one endpoint')),
  REPLICAS: integer({ from: 1, to: 1000 })
    .default(1)
    .register(about, stripe('How many servers share the account: each has such a part of these while Redis is lost')),
  FLORIN_INSTALLATION: text()
    .default('florin')
    .register(about, stripe('Marks what this installation makes at Stripe, so that two may share one account')),

  JWT_SECRET: text()
    .optional()
    .register(
      about,
      tokens('Secret that signs the tokens (HS256), at least 32 characters in production', {
        get: 'make one with: openssl rand -base64 48 (or set JWT_JWKS_URL)',
        placeholder: placeholders.JWT_SECRET,
        secret: true,
      }),
    ),
  JWT_JWKS_URL: url(['https:', 'http:'])
    .optional()
    .register(
      about,
      tokens('Where the public keys of the tokens are (a JWKS), instead of JWT_SECRET', {
        example: 'https://login.example/.well-known/jwks.json',
      }),
    ),
  JWT_ALGORITHMS: list(readAlgorithm)
    .default(publicKeyAlgorithms)
    .register(about, tokens('What those keys may sign with, comma-separated; JWT_SECRET always signs with HS256')),
  JWT_ISSUER: text()
    .optional()
    .register(about, tokens('When set, the `iss` that every token must have', { example: 'https://login.example' })),
  JWT_AUDIENCE: text()
    .optional()
    .register(about, tokens('When set, the `aud` that every token must have', { example: 'payments' })),

  ENCRYPTION_KEY: read(readEncryptionKey)
    .optional()
    .register(
      about,
      encryption('Encrypts private columns: exactly 32 characters, or base64: and 32 bytes', {
        get: 'make one with: echo "base64:$(openssl rand -base64 32)"',
        placeholder: placeholders.ENCRYPTION_KEY,
        secret: true,
      }),
    ),
  ENCRYPTION_KEYS_RETIRED: list(readEncryptionKey)
    .default([])
    .register(
      about,
      encryption('Older keys that still open what they encrypted, comma-separated', {
        example: 'the_32_characters_of_the_old_key',
        secret: true,
      }),
    ),

  NODE_ENV: text()
    .default('development')
    .register(about, server('`production` refuses what is only fit for trying out')),
  SERVER_PORT: port().default(9097).register(about, server('Port of the HTTP server')),
  SERVER_HOST: text()
    .optional()
    .register(
      about,
      server('Address to listen on; otherwise all (serve) or this machine (dev)', { example: '0.0.0.0' }),
    ),
  LOG_LEVEL: choice('debug', 'info', 'warn', 'error', 'silent')
    .default('info')
    .register(about, server('debug, info, warn, error or silent')),
  RATE_LIMIT_PER_MINUTE: integer({ from: 0, to: 1_000_000 })
    .default(100)
    .register(about, server('Requests that one client may make in a minute; 0 turns it off')),
  CORS_ORIGINS: list(readOrigin)
    .default([])
    .register(
      about,
      server('Origins whose pages may call the API from a browser, comma-separated', {
        example: 'https://shop.example',
      }),
    ),
  IP_ALLOWLIST: list(readAddressRange)
    .default([])
    .register(
      about,
      server('Addresses and ranges that may call the API, comma-separated', { example: '203.0.113.7,10.0.0.0/8' }),
    ),
  TRUST_PROXY: integer({ from: 0, to: 16 })
    .default(0)
    .register(about, server('How many proxies stand before this server and write X-Forwarded-For')),
  TLS_CERT_FILE: text()
    .optional()
    .register(
      about,
      server('Certificate chain (PEM); with TLS_KEY_FILE the server speaks TLS 1.3', {
        example: '/etc/florin/tls.crt',
      }),
    ),
  TLS_KEY_FILE: text()
    .optional()
    .register(about, server('Private key of the certificate (PEM)', { example: '/etc/florin/tls.key' })),
  METRICS_TOKEN: text()
    .optional()
    .register(
      about,
      server('When set, /metrics asks for it as a bearer token', { example: 'long_and_random', secret: true }),
    ),
  SHUTDOWN_DELAY: duration({ to: '20s', orNone: true })
    .optional()
    .register(
      about,
      server('How long SIGTERM lets requests come while /health/ready says no, for load balancers; 0 for none', {
        example: '5s',
      }),
    ),
  CONFIG_FILE: text().default('config.yaml').register(about, server('Where further settings are read from')),

  DATABASE_URL: url(['postgres:', 'postgresql:'])
    .optional()
    .register(
      about,
      postgres('The whole connection in one; stands above the DB_ variables', {
        example: 'postgres://user:password@localhost:5432/payment_db',
        secret: true,
      }),
    ),
  DB_HOST: text().default('localhost').register(about, postgres('Host of PostgreSQL 15 or newer')),
  DB_PORT: port().default(5432).register(about, postgres('Port of PostgreSQL')),
  DB_USER: text().default('postgres').register(about, postgres('User of the database')),
  DB_PASSWORD: text()
    .optional()
    .register(about, postgres('Password of that user', { example: 'postgres', secret: true })),
  DB_NAME: text().default('payment_db').register(about, postgres('Name of the database')),
  DB_SSL: flag().default(false).register(about, postgres('Connect over TLS and check the certificate')),
  DB_POOL_SIZE: integer({ from: 1, to: 1000 })
    .default(10)
    .register(about, postgres('Connections that one server opens at most')),

  REDIS_URL: url(['redis:', 'rediss:'])
    .optional()
    .register(
      about,
      redis('The whole connection in one; stands above the other REDIS_ variables', {
        example: 'redis://localhost:6379',
        secret: true,
      }),
    ),
  REDIS_CLUSTER_NODES: list(readNode)
    .optional()
    .register(
      about,
      redis('Some servers of a Redis Cluster, comma-separated, in place of one Redis', {
        example: '10.0.0.1:6379,10.0.0.2:6379',
      }),
    ),
  REDIS_HOST: text().default('localhost').register(about, redis('Host of Redis 7 or newer')),
  REDIS_PORT: port().default(6379).register(about, redis('Port of Redis')),
  REDIS_PASSWORD: text()
    .optional()
    .register(about, redis('Password of Redis', { example: 'a_password', secret: true })),
  REDIS_TLS: flag().default(false).register(about, redis('Connect over TLS and check the certificate')),

  SUBSCRIBABLE_PRICES: names()
    .optional()
    .register(
      about,
      rules('Prices that users may subscribe to by themselves, comma-separated', { example: sandboxPrice }),
    ),
  USER_SETS_AMOUNT: flag()
    .default(false)
    .register(about, rules('Lets users set the amount of their own payments, as for donations')),
  AUTO_REFUND_DUPLICATES: flag()
    .default(false)
    .register(about, rules('Refunds payments of a reference that was paid in full already; off, people decide')),
  REQUIRE_IDEMPOTENCY_KEY: flag()
    .optional()
    .register(
      about,
      rules('Refuses payments and refunds without an Idempotency-Key; on for serve, off for dev', { example: 'true' }),
    ),
  PAYMENT_RECOVERY_WINDOW: duration({ to: '23h' })
    .optional()
    .register(
      about,
      rules('How long after a crash a payment may still be sent to Stripe; after it is only looked for', {
        example: '10m',
      }),
    ),
  USER_ID_PATTERN: wholePattern()
    .optional()
    .register(about, rules('How a whole user id looks', { example: '[A-Za-z0-9._:@-]{1,255}' })),

  EVENT_WEBHOOK_URLS: list(readEventUrl)
    .default([])
    .register(
      about,
      events("Where Florin's own events are posted to (payment.succeeded and others), comma-separated", {
        example: 'https://shop.example/florin',
      }),
    ),
  EVENT_WEBHOOK_SECRET: list(readEventSecret)
    .optional()
    .register(
      about,
      events('Signs them (Standard Webhooks); several, comma-separated, while one is rolled', {
        get: 'make one with: echo "whsec_$(openssl rand -base64 32)"',
        example: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
        secret: true,
      }),
    ),

  SANDBOX_PORT: port()
    .default(9098)
    .register(about, sandbox('Port of the Stripe sandbox, for `florin dev` and `florin sandbox`')),
})

export type VariableName = keyof typeof variables.shape
export const variableNames = Object.keys(variables.shape) as readonly VariableName[]

/** What was configured, read and checked. */
export type Config = z.output<typeof variables>
