import { settingLimits } from '@florin/core'
import { z } from 'zod'
import { publicKeyAlgorithms } from '../auth.ts'
import { auditVariables } from './audit-variables.ts'
import { readEncryptionKey } from './encryption-key.ts'
import { readAlgorithm, readEventSecret, readEventUrl, readSecretKey, readWebhookSecret } from './keys-and-urls.ts'
import { retentionVariables } from './retention-variables.ts'
import { placeholders, sandboxPrice } from './sandbox-constants.ts'
import { serverVariables } from './server-variables.ts'
import { storeVariables } from './store-variables.ts'
import {
  duration,
  durationWithin,
  flag,
  integer,
  list,
  names,
  port,
  read,
  readHost,
  text,
  url,
  wholePattern,
} from './value-types.ts'
import { about, encryption, events, rules, sandbox, stripe, tokens } from './variable-groups.ts'

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
  STRIPE_WEBHOOK_SECRET: list(readWebhookSecret, { orNone: false })
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
  STRIPE_RATE_LIMIT_PER_SECOND: integer({ from: 0, to: 1_000_000 })
    .optional()
    .register(
      about,
      stripe('Calls a second to the account, of all servers together (25 for a test key); 0 turns the limit off', {
        default: '100',
      }),
    ),
  STRIPE_ENDPOINT_RATE_LIMIT_PER_SECOND: integer({ from: 1, to: 1_000_000 })
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
  JWT_ALGORITHMS: list(readAlgorithm, { orNone: false })
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

  ...serverVariables,
  ...storeVariables,

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
      rules(
        'Refuses payments, refunds and new subscriptions without an Idempotency-Key; off for dev where it is not set',
        {
          default: 'true',
          toTry: {
            value: 'false',
            why: [
              'Off here, so that the first curls without a key work. This line should go in production: the default is true,',
              'and florin doctor warns where it is off',
            ],
          },
        },
      ),
    ),
  PAYMENT_RECOVERY_WINDOW: durationWithin(settingLimits.paymentRecoveryWindowMs)
    .optional()
    .register(
      about,
      rules('How long after a crash a payment may still be sent to Stripe; after it is only looked for', {
        default: '10m',
      }),
    ),
  // No longer than the operations are kept, however short that may be set.
  IDEMPOTENCY_KEY_TTL: durationWithin({ least: 1, most: settingLimits.operationRetentionMs.least })
    .optional()
    .register(
      about,
      rules('How long an Idempotency-Key is remembered after its request was answered', { default: '24h' }),
    ),
  SWEEP_AFTER: durationWithin(settingLimits.sweepAfterMs)
    .optional()
    .register(
      about,
      rules('When what may still change is read at Stripe again, at first; each further time twice as long', {
        default: '15m',
      }),
    ),
  RECONCILE_EVERY: duration({ to: '24h', orNone: true })
    .optional()
    .register(
      about,
      rules('How often servers read the events that no webhook told of, as after an outage; 0 for never', {
        default: '10m',
      }),
    ),
  USER_ID_PATTERN: wholePattern()
    .optional()
    .register(
      about,
      rules('How a whole user id looks; can only narrow what holds anyway, `^[A-Za-z0-9._:@-]{1,255}$`', {
        default: '[A-Za-z0-9._:@-]{1,255}',
      }),
    ),

  EVENT_WEBHOOK_URLS: list(readEventUrl)
    .default([])
    .register(
      about,
      events("Where Florin's own events are posted to (payment.succeeded and others), comma-separated", {
        example: 'https://shop.example/florin',
      }),
    ),
  EVENT_WEBHOOK_SECRET: list(readEventSecret, { orNone: false })
    .optional()
    .register(
      about,
      events('Signs them (Standard Webhooks); several, comma-separated, while one is rolled', {
        get: 'make one with: echo "whsec_$(openssl rand -base64 32)"',
        example: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
        secret: true,
      }),
    ),

  ...auditVariables,
  ...retentionVariables,

  SANDBOX_PORT: port()
    .default(9098)
    .register(about, sandbox('Port of the Stripe sandbox, for `florin dev` and `florin sandbox`')),
})

export type VariableName = keyof typeof variables.shape
export const variableNames = Object.keys(variables.shape) as readonly VariableName[]

/** What was configured, read and checked. */
export type Config = z.output<typeof variables>
