import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { readCertificate } from './certificate.ts'
import type { Needs } from './config.ts'
import { sslModeOf } from './connection-tls.ts'
import { placeholders, sandboxSecrets } from './sandbox-constants.ts'
import type { Place, Problem, Settings } from './setting-sources.ts'
import { isLiveKey } from './stripe-key.ts'
import { isOff } from './value-types.ts'
import { about } from './variable-groups.ts'
import { type VariableName, variables } from './variables.ts'

/**
 * What must hold of several variables together. Goes by what was written, so that it also speaks where some other value
 * cannot be read.
 */
export function checkRules(
  settings: Settings,
  { required = [], guarded = false, local = false }: Needs,
  environment: Place['environment'],
): readonly Problem[] {
  const production = guarded && settings.NODE_ENV?.value === 'production'
  return [
    ...required.flatMap((group) => missing(settings, group)),
    ...twoKindsOfToken(settings),
    ...tlsFiles(settings),
    ...caFiles(settings),
    ...databaseTls(settings),
    ...eventWebhooks(settings, local),
    ...(production
      ? [...publicSecrets(settings), ...shortSecret(settings), ...plainHttp(settings), ...believesAll(environment)]
      : []),
  ]
}

function missing(settings: Settings, group: readonly VariableName[]): readonly Problem[] {
  const [name] = group
  if (name === undefined || group.some((one) => settings[one])) return []
  const how = about.get(variables.shape[name])?.get
  return [{ name, message: how ? `is not set: ${how}` : 'is not set' }]
}

function twoKindsOfToken({ JWT_SECRET, JWT_JWKS_URL, JWT_ALGORITHMS }: Settings): readonly Problem[] {
  if (!JWT_SECRET) return []
  const one = { name: 'JWT_JWKS_URL', message: 'and JWT_SECRET are both set: tokens are signed in one way, so set one' }
  const fixed = { name: 'JWT_ALGORITHMS', message: 'is only for JWT_JWKS_URL: JWT_SECRET always signs with HS256' }
  return [...(JWT_JWKS_URL ? [one] : []), ...(JWT_ALGORITHMS && !JWT_JWKS_URL ? [fixed] : [])]
}

function tlsFiles(settings: Settings): readonly Problem[] {
  const pair = ['TLS_CERT_FILE', 'TLS_KEY_FILE'] as const
  if (!pair.some((name) => settings[name])) return []
  const problems = pair.flatMap((name) =>
    settings[name]
      ? notThere(settings, name)
      : [{ name, message: 'is not set, but TLS needs the certificate and the key' }],
  )
  const [certFile = '', keyFile = ''] = pair.map((name) => settings[name]?.value)
  return problems.length > 0 ? problems : unusable('TLS_CERT_FILE', () => readCertificate({ certFile, keyFile }))
}

function caFiles(settings: Settings): readonly Problem[] {
  return (['DB_SSL_CA_FILE', 'REDIS_TLS_CA_FILE'] as const).flatMap((name) => {
    const file = settings[name]?.value
    if (file === undefined) return []
    const problems = notThere(settings, name)
    return problems.length > 0 ? problems : unusable(name, () => new X509Certificate(readFileSync(file)))
  })
}

function notThere(settings: Settings, name: VariableName): readonly Problem[] {
  const file = settings[name]?.value ?? ''
  return existsSync(file) ? [] : [{ name, message: `names ${file}, which does not exist` }]
}

function unusable(name: VariableName, read: () => unknown): readonly Problem[] {
  try {
    read()
    return []
  } catch (error) {
    return [{ name, message: `cannot be used: ${error instanceof Error ? error.message : String(error)}` }]
  }
}

function databaseTls({ DATABASE_URL: url, DB_SSL, DB_SSL_CA_FILE }: Settings): readonly Problem[] {
  const mode = url && URL.canParse(url.value) ? sslModeOf(url.value) : undefined
  const wanted = DB_SSL_CA_FILE !== undefined || (DB_SSL !== undefined && !isOff(DB_SSL.value))
  const safe = 'use sslmode=verify-full, with DB_SSL_CA_FILE for a CA of your own'
  const message = {
    unchecked: `says in sslmode that any certificate will do: ${safe}`,
    unknown: `has an sslmode that is not known: ${safe}`,
    off: wanted ? `turns TLS off in sslmode, but ${DB_SSL_CA_FILE ? 'DB_SSL_CA_FILE' : 'DB_SSL'} wants it` : undefined,
    checked: undefined,
  }[mode ?? 'checked']
  return message === undefined ? [] : [{ name: 'DATABASE_URL', message }]
}

function eventWebhooks({ EVENT_WEBHOOK_URLS: urls, EVENT_WEBHOOK_SECRET: secret }: Settings, local: boolean) {
  if (!urls) return []
  const foreign = /^(?!https?:\/\/(127\.0\.0\.1|localhost|\[::1\])([:/]|$))/
  const problems: Problem[] = []
  if (!secret) problems.push(...missing({}, ['EVENT_WEBHOOK_SECRET']))
  if (local && urls.value.split(',').some((url) => foreign.test(url.trim()))) {
    problems.push({ name: 'EVENT_WEBHOOK_URLS', message: 'must be on this machine: a sandbox contacts nobody else' })
  }
  return problems
}

/** Secrets that stand in Florin's own source. Outside of production they are allowed, but should be told. */
export function publicSecrets(settings: Settings): readonly Problem[] {
  const names = ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'JWT_SECRET', 'ENCRYPTION_KEY'] as const
  return names.flatMap((name) => {
    const values = settings[name]?.value.split(',').map((value) => value.trim()) ?? []
    if (values.includes(sandboxSecrets[name])) {
      return [{ name, message: "is the sandbox's, which everybody knows; NODE_ENV=production refuses it" }]
    }
    return values.includes(placeholders[name])
      ? [{ name, message: 'is the example from .env.example, which everybody knows; NODE_ENV=production refuses it' }]
      : []
  })
}

function shortSecret({ JWT_SECRET }: Settings): readonly Problem[] {
  const length = JWT_SECRET?.value.length ?? 32
  if (length >= 32 || JWT_SECRET?.value === placeholders.JWT_SECRET) return []
  return [{ name: 'JWT_SECRET', message: `has ${length} characters; NODE_ENV=production asks for at least 32` }]
}

/** Whoever sits between could read the secret key, or hand out keys of their own. */
function plainHttp({ STRIPE_SECRET_KEY, STRIPE_API_BASE, JWT_JWKS_URL }: Settings): readonly Problem[] {
  const plain = (url: string | undefined) => url?.startsWith('http:') ?? false
  const live = isLiveKey(STRIPE_SECRET_KEY?.value ?? '')
  const message = 'must begin with https:// under NODE_ENV=production'
  return [
    ...(live && plain(STRIPE_API_BASE?.value) ? [{ name: 'STRIPE_API_BASE', message }] : []),
    ...(plain(JWT_JWKS_URL?.value) ? [{ name: 'JWT_JWKS_URL', message }] : []),
  ]
}

/** Node's own switch, which no setting of ours overrules for Stripe and for the keys of tokens. */
function believesAll({ NODE_TLS_REJECT_UNAUTHORIZED: value }: Place['environment']): readonly Problem[] {
  const name = 'NODE_TLS_REJECT_UNAUTHORIZED'
  return value === '0' ? [{ name, message: 'is 0: any certificate will do; NODE_ENV=production refuses it' }] : []
}
