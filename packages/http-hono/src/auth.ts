import { type Actor, RefusedError, type Role, roles } from '@florin/core'
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose'
import { HttpError } from './http-error.ts'
import { KEYS_FRESH_MS, publishedKeys } from './published-keys.ts'

/**
 * Finds out who sent a request. Hosts with sessions or tokens of their own bring one.
 *
 * @throws `refused` unauthenticated, answered as 401
 * @throws HttpError authentication_unavailable, answered as 503, where it cannot be found out now
 */
export type Authenticator = (request: Request) => Promise<Actor>

interface CheckOptions {
  readonly issuer?: string
  readonly audience?: string
  /** Real time where absent. */
  readonly clock?: { now(): number }
}

export interface JwtOptions extends CheckOptions {
  /** The key of HS256; at least 32 characters. */
  readonly secret: string
}

/** What a published key may sign with. None of them takes a secret, which would make the public key one. */
export const publicKeyAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
export type PublicKeyAlgorithm = (typeof publicKeyAlgorithms)[number]

export interface JwksOptions extends CheckOptions {
  /** Where the issuer publishes its keys. */
  readonly url: string
  /** What tokens may be signed with; a token's own word for it counts for nothing. All four where absent. */
  readonly algorithms?: readonly PublicKeyAlgorithm[]
}

/**
 * Accepts `Authorization: Bearer` tokens signed with HS256 and no other algorithm.
 *
 * @throws RangeError when the secret is empty
 */
export function jwtAuthenticator({ secret, ...options }: JwtOptions): Authenticator {
  if (secret === '') throw new RangeError('secret must not be empty')
  const bytes = new TextEncoder().encode(secret)
  // Imported once: importing a secret for every token costs as much as verifying it.
  const key = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
  // Whoever waits for it gets the error; without this line Node would end the process before anybody does.
  key.catch(() => undefined)
  return bearer(
    options,
    async (token, check) => (await jwtVerify(token, await key, { ...check, algorithms: ['HS256'] })).payload,
  )
}

/**
 * Accepts tokens signed with a key that the issuer publishes, chosen by `kid`: keys may be rolled at any time. A key
 * that was withdrawn is good for 20 minutes more, and for 70 while the issuer does not answer.
 */
export function jwksAuthenticator({ url, algorithms = publicKeyAlgorithms, ...options }: JwksOptions): Authenticator {
  const keys = publishedKeys(url, options.clock ?? Date)
  // Ed25519 is what RFC 9864 calls the EdDSA that everybody uses.
  const accepted = algorithms.flatMap((name) => (name === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [name]))
  const verify: Verify = async (token, check) =>
    (await jwtVerify(token, keys, { ...check, algorithms: accepted })).payload
  return bearer(options, verify, KEYS_FRESH_MS)
}

type Verify = (token: string, check: JWTVerifyOptions) => Promise<JWTPayload>

const TOLERANCE_SECONDS = 30
/** How many tokens are remembered, and how long they may be for it: 20 MB at most. */
const MOST_REMEMBERED = 10_000
const LONGEST_REMEMBERED = 2048

function bearer(
  { issuer, audience, clock = Date }: CheckOptions,
  verify: Verify,
  rememberedMs = Number.POSITIVE_INFINITY,
): Authenticator {
  const check: JWTVerifyOptions = {
    clockTolerance: TOLERANCE_SECONDS,
    requiredClaims: ['exp', 'sub'],
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  }
  // A client sends the same token many times, and checking a signature costs more than reading a row.
  const remembered = new Map<string, { readonly actor: Actor; readonly until: number }>()
  return async (request) => {
    const token = tokenOf(request.headers.get('authorization'))
    const now = clock.now()
    const known = remembered.get(token)
    if (known && known.until > now) return known.actor
    remembered.delete(token)
    const payload = await verify(token, { ...check, currentDate: new Date(now) }).catch((cause: unknown) => {
      throw cause instanceof HttpError ? cause : new RefusedError('unauthenticated', whatIsWrong(cause), { cause })
    })
    const actor = actorOf(payload)
    // Never longer than it is valid; one that lives on the tolerance alone is checked each time.
    const until = Math.min((payload.exp ?? 0) * 1000, now + rememberedMs)
    if (until > now && token.length <= LONGEST_REMEMBERED) {
      const [oldest] = remembered.keys()
      if (remembered.size >= MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest)
      remembered.set(token, { actor, until })
    }
    return actor
  }
}

function tokenOf(header: string | null): string {
  const token = header?.match(/^Bearer +([A-Za-z0-9._~+/=-]{1,8192})$/i)?.[1]
  if (token === undefined) throw new RefusedError('unauthenticated', 'send a token: Authorization: Bearer …')
  return token
}

/** Whether a request was refused for a token that is genuine and only too old, as happens to everybody. */
export const isExpired = (error: unknown): boolean =>
  error instanceof RefusedError && error.cause instanceof errors.JWTExpired

/** Claims are looked at after the signature, so only who has a genuine token learns what is wrong with it. */
function whatIsWrong(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired'
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'the token is not valid'
  if (error.claim === 'nbf') return 'the token is not valid yet'
  return `the token has no fitting ${error.claim}`
}

const isRole = (word: unknown): word is Role => roles.some((role) => role === word)

/** How the audit log names Florin itself, its host program and its command: nobody from outside may be taken for them. */
export const reserved: readonly string[] = ['florin', 'system', 'florin-cli']

function actorOf({ sub, roles, role }: JWTPayload): Actor {
  // It is stored and logged, so it may hold nothing that is not seen.
  if (typeof sub !== 'string' || !/^\P{C}{1,255}$/u.test(sub)) {
    throw new RefusedError('unauthenticated', 'the token must name its subject (sub), in 1 to 255 visible characters')
  }
  if (reserved.includes(sub)) {
    throw new RefusedError('unauthenticated', `the token's subject (sub) must not be ${sub}: Florin itself is named so`)
  }
  // Roles that Florin does not know are the issuer's business: they grant nothing here.
  const named: readonly unknown[] = Array.isArray(roles) ? roles : [role]
  return { id: sub, roles: named.filter(isRole) }
}
