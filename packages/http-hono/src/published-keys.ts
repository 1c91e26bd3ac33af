import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import { HttpError } from './http-error.ts'

/** After this time keys are read again before they are believed, so that one that was withdrawn is noticed. */
export const KEYS_FRESH_MS = 10 * 60_000
/** While the issuer does not answer, keys are believed that long. */
const KEYS_USABLE_MS = 60 * 60_000
/** Keys are read at most once in this time, whatever asks for them: tokens may name any key. */
const PAUSE_MS = 10_000
const TIMEOUT_MS = 5000

/**
 * The keys that an issuer publishes (JWKS), chosen by a token's `kid`. One that is not known may be newer than what was
 * read, so they are read again; it is refused once it is not there either.
 *
 * @throws `authentication_unavailable` where the keys cannot be read: whether a token is genuine is not known then
 */
export function publishedKeys(url: string, clock: { now(): number }): JWTVerifyGetKey {
  // When it reads is said here: by itself it would ask an issuer that is down for every token.
  const keys = createRemoteJWKSet(new URL(url), {
    ...{ cacheMaxAge: Number.POSITIVE_INFINITY, cooldownDuration: Number.POSITIVE_INFINITY },
    timeoutDuration: TIMEOUT_MS,
  })
  let last: { readonly at: number; readonly outcome: Promise<void> } | undefined
  let readAt = Number.NEGATIVE_INFINITY

  const read = (): Promise<void> => {
    const now = clock.now()
    if (!last || now - last.at >= PAUSE_MS) {
      const outcome = keys.reload().then(() => {
        readAt = now
      }, unavailable)
      last = { at: now, outcome }
    }
    return last.outcome
  }
  return async (header, token) => {
    const age = clock.now() - readAt
    if (age >= KEYS_USABLE_MS) await read()
    else if (age >= KEYS_FRESH_MS) await read().catch(() => undefined)
    try {
      return await keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await read()
      return keys(header, token)
    }
  }
}

function unavailable(cause: unknown): never {
  throw new HttpError('authentication_unavailable', 'the keys that sign tokens cannot be read; try again', { cause })
}
