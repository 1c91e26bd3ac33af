import { existsSync } from 'node:fs'
import type { Needs } from './config.ts'
import { placeholders, sandboxSecrets } from './sandbox-constants.ts'
import type { Problem, Settings } from './setting-sources.ts'
import { isLiveKey } from './stripe-key.ts'
import { about, type VariableName, variables } from './variables.ts'

/**
 * What must hold of several variables together. Goes by what was written, so that it also speaks where some other value
 * cannot be read.
 */
export function checkRules(
  settings: Settings,
  { required = [], guarded = false, local = false }: Needs,
): readonly Problem[] {
  const production = guarded && settings.NODE_ENV?.value === 'production'
  return [
    ...required.flatMap((group) => missing(settings, group)),
    ...twoKindsOfToken(settings),
    ...tlsFiles(settings),
    ...eventWebhooks(settings, local),
    ...(production ? [...publicSecrets(settings), ...shortSecret(settings), ...plainHttp(settings)] : []),
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
  return pair.flatMap((name) => {
    const file = settings[name]?.value
    if (file === undefined) return [{ name, message: 'is not set, but TLS needs the certificate and the key' }]
    return existsSync(file) ? [] : [{ name, message: `names ${file}, which does not exist` }]
  })
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
