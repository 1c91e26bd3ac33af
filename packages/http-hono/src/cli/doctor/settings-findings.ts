import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Problem } from '../setting-sources.ts'
import { isLiveKey } from '../stripe-key.ts'
import type { Config } from '../variables.ts'
import { type Finding, fail, isHere, pass, warn } from './finding.ts'

/** What the settings alone tell. Values that cannot be read are among the problems, and absent from the configuration. */
export function settingsFindings(config: Config, problems: readonly Problem[], now: Date): readonly Finding[] {
  return [
    ...problems.map(({ name, message }) => fail(name, message, 'correct it; .env.example explains each setting')),
    config.NODE_ENV === 'production'
      ? pass('NODE_ENV', 'production: weak and public secrets are refused')
      : warn(
          'NODE_ENV',
          `is ${config.NODE_ENV}, so serve starts with weak and public secrets`,
          'set NODE_ENV=production',
        ),
    ...stripeKey(config),
    ...tokenSecret(config),
    ...encryptionKey(config),
    transport(config, now),
    ...reach(config),
    rateLimit(config),
    config.METRICS_TOKEN === undefined
      ? warn(
          'monitoring',
          '/metrics is open to whoever reaches the port',
          'set METRICS_TOKEN, scrape with it, and load docs/observability/alerts.yaml',
        )
      : pass('monitoring', '/metrics asks for its token; the alert rules are docs/observability/alerts.yaml'),
    logs(config),
    ...rules(config),
  ]
}

function stripeKey({ STRIPE_SECRET_KEY: key, NODE_ENV }: Config): readonly Finding[] {
  if (key === undefined) return []
  const check = 'Stripe key'
  if (isLiveKey(key)) return [pass(check, 'a live key')]
  const [says, fix] = [
    'a test key: no real money moves',
    'put the live key of https://dashboard.stripe.com/apikeys into STRIPE_SECRET_KEY',
  ] as const
  return [NODE_ENV === 'production' ? fail(check, says, fix) : warn(check, says, fix)]
}

/** So few different characters in a long secret mean that a person or a keyboard made it up. */
const FEW = 10

const variety = (secret: string | Uint8Array): number => new Set<unknown>([...secret]).size

function tokenSecret({ JWT_SECRET: secret, JWT_JWKS_URL: url }: Config): readonly Finding[] {
  const check = 'token secret'
  const fix = 'make one with: openssl rand -base64 48'
  if (url !== undefined) return [pass(check, 'tokens are checked by published keys')]
  if (secret === undefined) return []
  if (secret.length < 32) return [fail(check, `JWT_SECRET has ${secret.length} characters, fewer than 32`, fix)]
  if (variety(secret) < FEW) return [fail(check, `JWT_SECRET has only ${variety(secret)} different characters`, fix)]
  return [pass(check, `JWT_SECRET has ${secret.length} characters`)]
}

function encryptionKey({ ENCRYPTION_KEY: key }: Config): readonly Finding[] {
  if (key === undefined) return []
  const check = 'encryption key'
  if (variety(key.bytes) >= FEW)
    return [pass(check, 'ENCRYPTION_KEY has 32 bytes; keep a copy where the database backups are not')]
  return [
    fail(
      check,
      `ENCRYPTION_KEY has only ${variety(key.bytes)} different bytes`,
      'make one with: echo "base64:$(openssl rand -base64 32)"',
    ),
  ]
}

const DAY_MS = 86_400_000

function transport({ TLS_CERT_FILE: file, TRUST_PROXY, SERVER_HOST }: Config, now: Date): Finding {
  const check = 'TLS'
  if (file !== undefined) {
    const { validTo } = new X509Certificate(readFileSync(file))
    const days = Math.floor((Date.parse(validTo) - now.getTime()) / DAY_MS)
    const fix = 'put a new certificate into TLS_CERT_FILE and TLS_KEY_FILE; the server takes it up by itself'
    if (days < 0) return fail(check, `the certificate ended ${-days} days ago`, fix)
    return days < 21
      ? warn(check, `the certificate ends in ${days} days`, fix)
      : pass(check, `TLS 1.3; the certificate is good for ${days} days`)
  }
  if (TRUST_PROXY > 0)
    return pass(
      check,
      `${TRUST_PROXY} ${TRUST_PROXY === 1 ? 'proxy stands' : 'proxies stand'} before it; TLS ends there`,
    )
  if (SERVER_HOST !== undefined && isHere(SERVER_HOST)) return pass(check, 'only this machine can reach the port')
  return fail(
    check,
    'requests and tokens come in clear',
    'set TLS_CERT_FILE and TLS_KEY_FILE, or put a proxy with TLS before it and set TRUST_PROXY',
  )
}

function reach({ SERVER_HOST, IP_ALLOWLIST }: Config): readonly Finding[] {
  const listed = IP_ALLOWLIST.length
  const here = SERVER_HOST !== undefined && isHere(SERVER_HOST)
  return [
    here
      ? pass('firewall', `it listens on ${SERVER_HOST} only`)
      : warn(
          'firewall',
          'it listens for other machines; whether a firewall stands before it cannot be seen from here',
          'open SERVER_PORT to the load balancer only, and PostgreSQL and Redis to the servers only',
        ),
    listed > 0
      ? pass('IP allowlist', `${listed} addresses and ranges; webhooks and probes come from anywhere`)
      : pass('IP allowlist', 'none: right where any address may call; otherwise set IP_ALLOWLIST'),
  ]
}

function rateLimit({ RATE_LIMIT_PER_MINUTE: limit }: Config): Finding {
  const check = 'rate limit'
  if (limit === 0) return fail(check, 'is off', 'set RATE_LIMIT_PER_MINUTE, such as 100')
  if (limit > 6000)
    return warn(
      check,
      `${limit} requests a minute and address hardly limit anybody`,
      'set RATE_LIMIT_PER_MINUTE to what your busiest client needs',
    )
  return pass(check, `${limit} requests a minute and address`)
}

function logs({ LOG_LEVEL }: Config): Finding {
  const check = 'log'
  if (LOG_LEVEL === 'silent') return fail(check, 'nothing is logged', 'set LOG_LEVEL=info')
  if (LOG_LEVEL === 'debug') return warn(check, 'LOG_LEVEL is debug: many lines for each request', 'set LOG_LEVEL=info')
  if (LOG_LEVEL !== 'info')
    return warn(check, `LOG_LEVEL is ${LOG_LEVEL}: requests and webhooks are not logged`, 'set LOG_LEVEL=info')
  return pass(check, 'JSON lines on standard output; have them collected and kept')
}

/** Rules that are right for some, and that somebody should have chosen. */
function rules(config: Config): readonly Finding[] {
  const plain = config.EVENT_WEBHOOK_URLS.filter((url) => url.startsWith('http:') && !isHere(new URL(url).hostname))
  return [
    ...(config.USER_SETS_AMOUNT
      ? [
          warn(
            'amounts',
            'users set the amount of their payments',
            'set USER_SETS_AMOUNT=false unless these are donations',
          ),
        ]
      : []),
    ...(config.REQUIRE_IDEMPOTENCY_KEY === false
      ? [
          warn(
            'idempotency',
            'payments are taken without a key: a request that is repeated pays twice',
            'set REQUIRE_IDEMPOTENCY_KEY=true',
          ),
        ]
      : []),
    ...(config.CORS_ORIGINS.includes('*')
      ? [warn('CORS', 'pages of any origin may call the API', 'name the origins in CORS_ORIGINS')]
      : []),
    ...(plain.length > 0
      ? [warn('event webhooks', 'events are posted in clear', 'let EVENT_WEBHOOK_URLS begin with https://')]
      : []),
  ]
}
