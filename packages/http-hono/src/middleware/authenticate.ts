import type { Authenticator } from '../auth.ts'
import type { HttpMiddleware } from '../request-state.ts'

/** Finds out who asks. What an actor may do is core's to say. */
export function authenticate(auth: Authenticator): HttpMiddleware {
  return async (c, next) => {
    c.var.florin.actor = await auth(c.req.raw)
    await next()
  }
}
