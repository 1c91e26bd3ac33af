import type { Logger } from '../logger.ts'
import type { HttpMiddleware } from '../request-state.ts'

// What stands in a path may be anything: only what looks like an id is told.
const anId = (given: string | undefined) =>
  given !== undefined && /^[a-z]+_[A-Za-z0-9_]{1,255}$/.test(given) ? given : undefined

/**
 * One line per request: who, what, how it ended and how long it took. Never a query, a body or a token. Probes come
 * every few seconds, so theirs are for debugging only.
 */
export function accessLog(logger: Logger, normally: 'info' | 'debug'): HttpMiddleware {
  return async (c, next) => {
    const started = performance.now()
    const response = await next()
    const { requestId, route, actor, problem, objectId, operationId } = c.get('florin')
    const line = {
      request_id: requestId,
      method: c.req.method,
      route,
      status: response.status,
      duration_ms: Math.round((performance.now() - started) * 100) / 100,
      object_id: anId(c.req.param('id')) ?? objectId,
      operation_id: operationId,
      actor: actor?.id,
      code: problem,
    }
    const level = response.status >= 500 ? 'warn' : normally
    logger[level](line, 'request')
    return response
  }
}
