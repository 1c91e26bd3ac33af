import { isDeletedCustomer } from '../customers/customer.ts'
import type { Deps } from '../deps.ts'
import { DefectError, type FlorinError, isFlorinError, UnavailableError } from '../errors.ts'
import { type Answer, objectOfCall } from '../ports/gateway.ts'
import { milliseconds, secondsOf } from '../time.ts'
import { isSurelyMissing, isTooLate, RUN_MS } from './deadlines.ts'
import type { OperationRow, StepRecord } from './operation.ts'
import { rejectionError } from './rejection.ts'

/** What is known of earlier sends of the same step. */
export interface Before {
  /** An earlier process may have sent it, so no failure now can prove that nothing was done. */
  readonly maybeSent: boolean
  /** The time in which it may be sent again is over: from now on it is only looked for. */
  readonly lookOnly: boolean
}

/** What a step came to: the gateway's answer, or the proof that it has no effect, neither now nor later. */
export type StepAnswer = Answer | NotDone

/** What a step seems to have come to. */
export interface Called {
  readonly answer: StepAnswer
  /**
   * It was looked for in vain at this time, in the gateway's seconds, and may still be on its way: a refusal is no proof
   * until it was looked for once more.
   */
  readonly missingAt?: number
}

type Rejected = Extract<Answer, { outcome: 'rejected' }>
type NotDone = Rejected & {
  readonly failure: FlorinError
  /** The customer that it was for is no more: the use case may begin anew, with another one. */
  readonly customerGone?: true
}

/** The code of what was intended, and of which the gateway knows nothing once the time to send it is over. */
export const NEVER_REACHED = 'never_reached_gateway'

/** The answer to a step that the gateway does not know, and that is not sent any more. */
export const neverReached = (): Rejected =>
  rejected(NEVER_REACHED, 'it never reached the gateway, and is not sent any more')

/**
 * Calls the gateway for a step, or finds out what became of it.
 *
 * @throws `unavailable` gateway_outcome_unknown: the operation stays open
 */
export async function callGateway(
  deps: Deps,
  operation: OperationRow,
  step: StepRecord,
  before: Before,
): Promise<Called> {
  const started = deps.runtime.now()
  if (!before.lookOnly && isOverrun(deps, operation)) throw unknownOutcome(operation, overrun())
  const tell = (outcome: string) => {
    const milliseconds = deps.runtime.now() - started
    deps.observer.tell({ what: 'gateway_called', call: step.call.call, outcome, milliseconds })
  }
  let answered = false
  try {
    if (before.lookOnly) {
      const { answer, at } = await lookFor(deps, operation, step)
      const isSure = answer.outcome !== 'rejected' || isSurelyMissing(step, at)
      return { answer, ...(!isSure && at !== null && { missingAt: at }) }
    }
    const answer = await deps.gateway.send(step.call, {
      idempotencyKey: `${operation.id}.${step.name}`,
      maySend: () => !isOverrun(deps, operation),
    })
    answered = true
    tell(answer.outcome)
    const now = answer.replayed || maybeAlreadySo(step, answer) ? await afresh(deps, step, answer) : answer
    return { answer: await withCustomerGone(deps, now) }
  } catch (error) {
    const failure = isFlorinError(error) ? error : new DefectError('the gateway adapter failed', { cause: error })
    if (!answered) tell(failure.code)
    const { id: operationId, kind } = operation
    deps.observer.tell({ what: 'operation_failed', operationId, kind, code: failure.code })
    const certain = failure.kind === 'unavailable' && failure.outcome === 'not_applied'
    // Where an earlier step was carried out, nobody may be told that nothing was done: recovery goes on with it.
    const isFirst = operation.steps.length === 1
    if (certain && isFirst && !answered && !before.maybeSent) return { answer: neverSent(failure) }
    // The key remembers a failure, so sending again tells nothing: what is there is the answer.
    const found = failure.details.replayed ? await madeBy(deps, operation, step) : undefined
    if (found) return { answer: found }
    throw unknownOutcome(operation, failure)
  }
}

/**
 * A process may have stood still since it was decided to send this. Once its own time is over others may have it, and may
 * have looked for it in vain by now: then it must never be sent.
 */
function isOverrun({ runtime, settings }: Deps, operation: OperationRow): boolean {
  const now = runtime.now()
  if (now >= milliseconds(operation.dueAt ?? operation.createdAt)) return true
  // A later step has a time of its own, but the operation's is over for it too.
  return now >= milliseconds(operation.createdAt) + RUN_MS && isTooLate(operation, now, settings)
}

const overrun = () =>
  new UnavailableError('gateway_outcome_unknown', 'this process stood still for too long to send it', 'unknown')

/** Nothing reached the gateway: the operation ends, and what it intended is marked as not done. */
const neverSent = (failure: UnavailableError): NotDone => ({ ...rejected(failure.code, failure.message), failure })

const rejected = (code: string, message: string): Rejected => ({
  outcome: 'rejected',
  rejection: { code, param: null, message },
  objectId: null,
  observations: [],
  replayed: false,
})

/**
 * What became of a step that must not be sent again. What it made is its answer; where it changes an object, the object
 * is looked at, and the use case judges whether it is as was asked for.
 */
async function lookFor({ gateway }: Deps, operation: OperationRow, { call }: StepRecord) {
  const { answer: found, at } = await gateway.lookUp(call, secondsOf(operation.createdAt))
  if (found && call.subject === null) return { answer: found, at }
  return { answer: { ...neverReached(), ...(found && { observations: found.observations }) }, at }
}

/** What a call made, or the object that it was to change; nothing where the gateway does not know or does not answer. */
async function madeBy(deps: Deps, operation: OperationRow, step: StepRecord): Promise<Answer | undefined> {
  try {
    const { answer } = await lookFor(deps, operation, step)
    return answer.outcome === 'rejected' && step.call.subject === null ? undefined : answer
  } catch (error) {
    if (isFlorinError(error) && error.kind === 'unavailable') return undefined
    throw error
  }
}

/**
 * "You cannot cancel what is canceled": the refusal may mean that the effect is there already, so it is looked up; and so is
 * what a decline changed, where it does not tell.
 */
function maybeAlreadySo({ call }: StepRecord, { outcome, observations }: Answer): boolean {
  if (call.subject === null || outcome === 'accepted') return false
  return outcome === 'rejected' || observations.length === 0
}

/** Replaces what an answer says of the state by what is true now: a replayed one is as old as the first call. */
async function afresh({ gateway }: Deps, { call }: StepRecord, answer: Answer): Promise<Answer> {
  const object = objectOfCall[call.call]
  const gatewayId = answer.objectId ?? call.subject
  if (object === null || gatewayId === null) return answer
  const now = await gateway.read({ object, gatewayId })
  return now ? { ...answer, observations: now.observations } : answer
}

/**
 * Looks whether a customer that the gateway did not find was deleted there. One that it never knew says that the keys are
 * another account's: then nothing of ours may be retired for it.
 */
async function withCustomerGone({ gateway }: Deps, answer: Answer): Promise<StepAnswer> {
  if (answer.outcome !== 'rejected' || answer.rejection.missing?.object !== 'customer') return answer
  const customer = await gateway.read(answer.rejection.missing)
  if (!customer?.observations.some(isDeletedCustomer)) return answer
  return {
    ...answer,
    observations: [...answer.observations, ...customer.observations],
    failure: rejectionError(answer.rejection, 'gateway_refused'),
    customerGone: true,
  }
}

/** What is told of a step that another process has, or that is looked for again later. */
export const notKnownYet = (): UnavailableError =>
  new UnavailableError('gateway_outcome_unknown', 'it is not known yet what becomes of it', 'unknown')

/** The honest answer once a call was sent and nothing certain came back. */
export function unknownOutcome({ id, objectId }: OperationRow, cause: FlorinError): UnavailableError {
  const message = 'the gateway did not answer; the outcome is unknown and will be settled: send the same key again'
  return new UnavailableError('gateway_outcome_unknown', message, 'unknown', {
    operationId: id,
    ...(objectId !== null && { objectId }),
    cause,
  })
}
