import type { HttpMiddleware } from '../request-state.ts'

const headers = {
  // Answers hold client secrets and personal data: no proxy and no browser may keep them.
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const

/** Tells browsers and proxies to keep nothing, guess nothing and embed nothing. */
export const securityHeaders: HttpMiddleware = (c, next) => {
  Object.assign(c.get('florin').headers, headers)
  return next()
}
