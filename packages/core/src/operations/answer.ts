import {
  DefectError,
  type ErrorDetails,
  type FlorinError,
  InvalidError,
  RefusedError,
  UnavailableError,
} from '../errors.ts'
import type { Json } from '../json.ts'
import type { OperationRow, StoredAnswer } from './operation.ts'
import type { Performed } from './use-case.ts'

/** A refusal as it is stored. */
export function refusal({ kind, code, message, details }: FlorinError): StoredAnswer {
  return { outcome: 'refused', kind, code, message, details }
}

/** What was stored of a user is gone, and nothing new is taken. */
export const userErased = (): RefusedError =>
  new RefusedError('user_erased', 'this user was erased; a person who comes back needs another user id')

/** Gives the answer of a finished operation, refusals included; `replayed` where an earlier request was given it. */
export function answerOf<View extends Json>({ id, answer }: OperationRow, replayed: boolean): Performed<View> {
  if (answer === null) throw userErased()
  if (answer.outcome === 'refused') throw revive(answer, { operationId: id, ...(replayed && { replayed }) })
  // It was stored by the same use case: the key is scoped to it.
  return { data: answer.value as View, operationId: id, replayed }
}

function revive(refused: StoredAnswer & { outcome: 'refused' }, more: ErrorDetails): FlorinError {
  const { kind, code, message } = refused
  const details = { ...refused.details, ...more }
  // Kinds and codes were taken from an error of that kind, so they still belong together.
  switch (kind) {
    case 'invalid':
      return new InvalidError(code as InvalidError['code'], message, details)
    case 'refused':
      return new RefusedError(code as RefusedError['code'], message, details)
    case 'unavailable':
      return new UnavailableError(code as UnavailableError['code'], message, 'not_applied', details)
    case 'defect':
      return new DefectError(message, details)
  }
}
