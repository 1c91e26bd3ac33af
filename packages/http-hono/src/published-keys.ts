import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import { HttpError } from './http-error.ts'

/** After this time keys are read again, so that one that was withdrawn is noticed. */
export const KEYS_FRESH_MS = 10 * 60_000
/** While the issuer does not answer, keys are believed that long. */
const KEYS_USABLE_MS = 60 * 60_000
/** Keys are read at most once in this time, whatever asks for them: tokens may name any key. */
const PAUSE_MS = 10_000
const TIMEOUT_MS = 5000
/** Whoever waits for keys only to be surer of what is known waits that long: an issuer that hangs must not slow the API. */
const PATIENCE_MS = 1000

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
  let last: Reading | undefined
  let readAt = Number.NEGATIVE_INFINITY

  const read = (): Reading => {
    const now = clock.now()
    if (!last || now - last.at >= PAUSE_MS) {
      const outcome = keys.reload().then(() => {
        readAt = now
      }, unavailable)
      const soon = Promise.race([outcome.catch(() => undefined), wait(PATIENCE_MS)])
      last = { at: now, outcome, soon }
    }
    return last
  }
  return async (header, token) => {
    const age = clock.now() - readAt
    if (age >= KEYS_USABLE_MS) await read().outcome
    else if (age >= KEYS_FRESH_MS) await read().soon
    try {
      return await keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await read().outcome
      return keys(header, token)
    }
  }
}

/** A look at what the issuer publishes. */
interface Reading {
  readonly at: number
  readonly outcome: Promise<void>
  /** Settles with the outcome, whatever it is, or after a moment. The reading goes on. */
  readonly soon: Promise<void>
}

const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

function unavailable(cause: unknown): never {
  throw new HttpError('authentication_unavailable', 'the keys that sign tokens cannot be read; try again', { cause })
}
