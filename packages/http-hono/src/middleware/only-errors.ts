import type { HttpMiddleware } from '../request-state.ts'

/** Makes an error of whatever else is thrown: Hono hands only errors to its error handler, and crashes with the rest. */
export const onlyErrors: HttpMiddleware = async (_, next) => {
  try {
    await next()
  } catch (thrown) {
    throw thrown instanceof Error ? thrown : new Error('something was thrown that is no error', { cause: thrown })
  }
}
