import { type ErrorDetails, RefusedError } from '../errors.ts'

/** The refusal of a request that has to wait for another one. */
export function inProgress(details: ErrorDetails = {}): RefusedError {
  const message = 'an operation on the same object or key is still running'
  return new RefusedError('operation_in_progress', message, { retryAfterSeconds: 1, ...details })
}
