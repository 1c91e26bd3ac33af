import { cors } from 'hono/cors'
import type { HttpMiddleware } from '../request-state.ts'

/** Lets browsers of the given origins call the API. Tokens come in a header, so no cookies are ever allowed. */
export function crossOrigin(origins: readonly string[]): HttpMiddleware {
  const allow = cors({
    origin: [...origins],
    allowMethods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'X-Request-Id'],
    exposeHeaders: [
      ...['Florin-Operation', 'Idempotent-Replayed', 'X-Request-Id'],
      ...['RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate'],
    ],
    maxAge: 600,
  })
  return async (c, next) => {
    const preflight = await allow(c, async () => {
      c.res = await next()
    })
    if (!preflight) return c.res
    for (const [name, value] of Object.entries(c.get('florin').headers)) preflight.headers.set(name, value)
    return preflight
  }
}
