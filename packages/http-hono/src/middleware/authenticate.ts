import { isFlorinError } from '@florin/core'
import { type Authenticator, isExpired } from '../auth.ts'
import type { HttpContext, HttpMiddleware } from '../request-state.ts'
import type { TakeFromBucket } from './rate-limit.ts'

/**
 * Finds out who asks. What an actor may do is core's to say.
 *
 * Whether a token is genuine is only known afterwards, so that is when one that is not is counted.
 */
export function authenticate(auth: Authenticator, countFailure: TakeFromBucket | undefined): HttpMiddleware {
  return async (c, next) => {
    try {
      c.get('florin').actor = await auth(c.req.raw)
    } catch (error) {
      if (isAttempt(c, error)) await countFailure?.(c)
      throw error
    }
    return next()
  }
}

/** Everybody forgets a header once, and every token expires. Only what nobody can have been given is an attempt. */
function isAttempt(c: HttpContext, error: unknown): boolean {
  const refused = isFlorinError(error) && error.code === 'unauthenticated'
  const presented = c.req.header('authorization') ?? c.req.header('cookie')
  return refused && presented !== undefined && !isExpired(error)
}
