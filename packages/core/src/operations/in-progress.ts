import { type ErrorDetails, type FlorinError, RefusedError } from '../errors.ts'

/** The refusal of a request that has to wait for another one. */
export function inProgress(details: ErrorDetails = {}): RefusedError {
  const message = 'an operation on the same object or key is still running'
  return new RefusedError('operation_in_progress', message, { retryAfterSeconds: 1, ...details })
}

/** Whether the operation that threw it is still open. Other refusals are the stored answer of one that is done. */
export const isStillOpen = ({ kind, code }: FlorinError): boolean =>
  kind === 'unavailable' || kind === 'defect' || code === 'operation_in_progress'
