import type { Metrics } from '../metrics.ts'
import type { HttpMiddleware } from '../request-state.ts'

// Whoever asks chooses the method, and every other value of a label is another series.
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Counts and times every request, by route pattern: labels never hold an id. */
export function recordMetrics(metrics: Metrics, { countProblems }: { countProblems: boolean }): HttpMiddleware {
  return async (c, next) => {
    const started = performance.now()
    const response = await next()
    const { route, problem } = c.get('florin')
    const seconds = (performance.now() - started) / 1000
    const method = methods.includes(c.req.method) ? c.req.method : 'other'
    metrics.requestAnswered({ method, route, status: response.status, seconds })
    if (countProblems && problem !== undefined) metrics.problemAnswered(problem)
    return response
  }
}
