import type { z } from 'zod'
import { type Logger, scrubbed } from '../logger.ts'
import type { HttpMiddleware } from '../request-state.ts'

// What stands in a path may be anything, a client secret or a key: only what can be an id there is told.
const idIn = (given: string | undefined, path: z.ZodObject | undefined) =>
  given !== undefined && path?.shape.id?.safeParse(given).success ? scrubbed(given) : undefined

/**
 * One line per request: who, what, how it ended and how long it took. Never a query, a body or a token. Probes come
 * every few seconds, so theirs are for debugging only.
 */
export function accessLog(logger: Logger, normally: 'info' | 'debug', path?: z.ZodObject): HttpMiddleware {
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
      object_id: idIn(c.req.param('id'), path) ?? objectId,
      operation_id: operationId,
      actor: actor?.id,
      code: problem,
    }
    const level = response.status >= 500 ? 'warn' : normally
    logger[level](line, 'request')
    return response
  }
}
