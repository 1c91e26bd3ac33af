import type { HttpContext, HttpMiddleware } from './request-state.ts'

/**
 * Puts middlewares around what answers a request, outermost first. Once for each route: given one by one to Hono, they are
 * matched, gathered and chained anew for every request, which cost a tenth of reading a payment.
 */
export function layered(
  middlewares: readonly HttpMiddleware[],
  answer: (c: HttpContext) => Response | Promise<Response>,
): (c: HttpContext) => Promise<Response> {
  return middlewares.reduceRight<(c: HttpContext) => Promise<Response>>(
    (inner, middleware) => (c) => middleware(c, () => inner(c)),
    async (c) => answer(c),
  )
}
