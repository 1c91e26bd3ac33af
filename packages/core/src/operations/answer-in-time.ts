import { UnavailableError } from '../errors.ts'
import { unknownOutcome } from './call-gateway.ts'
import type { OperationRow } from './operation.ts'

/** How far a request has come. */
export interface Progress {
  /** Its operation, from the moment on at which the intent may be committed. */
  operation: OperationRow | undefined
}

/**
 * Answers a caller who waits no longer than a signal says. What is begun goes on and is settled; what is not begun by
 * then never is.
 *
 * @throws `unavailable` overloaded: nothing was done · gateway_outcome_unknown: the operation is open
 */
export function answerInTime<T>(signal: AbortSignal | undefined, progress: Progress, work: Promise<T>): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(progress.operation ? unknownOutcome(progress.operation, notInTime()) : notInTime())
    signal.addEventListener('abort', giveUp, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}

/** Before the intent: the caller was told by now that nothing is done. */
export function stopIfLate(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw notInTime()
}

const notInTime = () => new UnavailableError('overloaded', 'there was no answer in time', 'not_applied')
