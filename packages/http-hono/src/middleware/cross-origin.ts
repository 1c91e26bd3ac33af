import { cors } from 'hono/cors'

/** Lets browsers of the given origins call the API. Tokens come in a header, so no cookies are ever allowed. */
export const crossOrigin = (origins: readonly string[]) =>
  cors({
    origin: [...origins],
    allowMethods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'X-Request-Id'],
    exposeHeaders: [
      ...['Florin-Operation', 'Idempotent-Replayed', 'X-Request-Id'],
      ...['RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate'],
    ],
    maxAge: 600,
  })
