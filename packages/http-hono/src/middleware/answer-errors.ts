import { errorResponse } from '../error-response.ts'
import type { Logger } from '../logger.ts'
import type { HttpMiddleware } from '../request-state.ts'

/** Answers whatever is thrown further in, so that those further out see how the request ended. */
export function answerErrors(logger: Logger | undefined): HttpMiddleware {
  return async (c, next) => {
    try {
      return await next()
    } catch (error) {
      // For a host's own middlewares, which are used to looking there.
      if (error instanceof Error) c.error = error
      return errorResponse(c, error, logger)
    }
  }
}
