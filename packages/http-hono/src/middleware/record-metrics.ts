import type { Metrics } from '../metrics.ts'
import type { HttpMiddleware } from '../request-state.ts'

/** Counts and times every request, by route pattern: labels never hold an id. */
export function recordMetrics(metrics: Metrics, { countProblems }: { countProblems: boolean }): HttpMiddleware {
  return async (c, next) => {
    const started = performance.now()
    await next()
    const { route, problem } = c.var.florin
    const seconds = (performance.now() - started) / 1000
    metrics.requestAnswered({ method: c.req.method, route, status: c.res.status, seconds })
    if (countProblems && problem !== undefined) metrics.paymentFailed(problem)
  }
}
