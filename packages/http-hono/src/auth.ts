import { type Actor, RefusedError, type Role, roles } from '@florin/core'
import { createRemoteJWKSet, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose'

/**
 * Finds out who sent a request. Hosts with sessions or tokens of their own bring one.
 *
 * @throws `refused` unauthenticated, answered as 401
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

export interface JwksOptions extends CheckOptions {
  /** Where the issuer publishes its keys. */
  readonly url: string
}

/** Accepts `Authorization: Bearer` tokens signed with HS256 and no other algorithm. */
export function jwtAuthenticator({ secret, ...options }: JwtOptions): Authenticator {
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

/** Accepts tokens signed with a key that the issuer publishes: RS256, ES256 or EdDSA. */
export function jwksAuthenticator({ url, ...options }: JwksOptions): Authenticator {
  const keys = createRemoteJWKSet(new URL(url))
  const algorithms = ['RS256', 'ES256', 'EdDSA', 'Ed25519']
  return bearer(options, async (token, check) => (await jwtVerify(token, keys, { ...check, algorithms })).payload)
}

type Verify = (token: string, check: JWTVerifyOptions) => Promise<JWTPayload>

const MOST_REMEMBERED = 10_000
const TOLERANCE_SECONDS = 30

function bearer({ issuer, audience, clock = Date }: CheckOptions, verify: Verify): Authenticator {
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
      throw new RefusedError('unauthenticated', 'the token is not valid', { cause })
    })
    const actor = actorOf(payload)
    // Never longer than it is valid; one that lives on the tolerance alone is checked each time.
    const until = (payload.exp ?? 0) * 1000
    if (until > now) {
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

const isRole = (word: unknown): word is Role => roles.some((role) => role === word)

function actorOf({ sub, roles, role }: JWTPayload): Actor {
  if (typeof sub !== 'string' || sub.length < 1 || sub.length > 255) {
    throw new RefusedError('unauthenticated', 'the token must name its subject, in 1 to 255 characters')
  }
  // Roles that Florin does not know are the issuer's business: they grant nothing here.
  const named: readonly unknown[] = Array.isArray(roles) ? roles : [role]
  return { id: sub, roles: named.filter(isRole) }
}
