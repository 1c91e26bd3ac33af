import { auditOf } from '../audit/audit.ts'
import type { Deps } from '../deps.ts'
import { DefectError, type FlorinError, isFlorinError, must, UnavailableError } from '../errors.ts'
import { toDomainEvent } from '../events/domain-event.ts'
import type { Json } from '../json.ts'
import { observe, seek } from '../observations/observe.ts'
import { changesBetween, committed, findRow, putRow, type RowSet, rowSetOf } from '../observations/row-set.ts'
import type { Answer, GatewayCall, ObjectRef } from '../ports/gateway.ts'
import { type Change, one, type Query, write } from '../ports/storage.ts'
import { milliseconds, type Timestamp, timestamp } from '../time.ts'
import { refusal, replay } from './answer.ts'
import { released, taken } from './lease.ts'
import type { OperationRow, StepRecord } from './operation.ts'
import type { Performed, Settled, UseCase } from './use-case.ts'

const RUN_MS = 60_000
const MOST_TRIES = 60

/** Until when a process that starts now has an operation to itself. */
export const runsUntil = (now: Timestamp): Timestamp => timestamp(milliseconds(now) + RUN_MS)

type AnyUseCase<Input, View extends Json> = Pick<UseCase<Input, Query, View>, 'kind' | 'reread' | 'settle'>

/**
 * Goes on with an operation that somebody left open: the step that has no answer yet is sent again, exactly as it was
 * rendered and under the same key. Only one process gets to do it.
 */
export async function resume<Input, Q extends Query, View extends Json>(
  deps: Deps,
  useCase: UseCase<Input, Q, View>,
  operation: OperationRow,
): Promise<Performed<View>> {
  const now = timestamp(deps.runtime.now())
  const mine = { ...operation, runsUntil: runsUntil(now), updatedAt: now }
  const claim = { id: deps.newId('commit'), changes: [write('operations', mine)] }
  if ((await deps.storage.commit(claim)) === 'conflict') {
    throw new UnavailableError('overloaded', 'another process goes on with this operation', 'not_applied', {
      operationId: operation.id,
    })
  }
  const rows = await reload(deps, useCase, operation, [])
  return run(deps, useCase, operation.id, rows, { sentBefore: true })
}

/**
 * Makes the calls of an operation, one after the other, each settled before the next is sent.
 *
 * `sentBefore`: an earlier process may have sent the first of them, so that no failure now can prove that it did nothing.
 */
export async function run<Input, Q extends Query, View extends Json>(
  deps: Deps,
  useCase: UseCase<Input, Q, View>,
  operationId: string,
  start: RowSet,
  { sentBefore }: { sentBefore: boolean },
): Promise<Performed<View>> {
  let rows = start
  let maybeSent = sentBefore
  for (;;) {
    const operation = operationIn(rows, operationId)
    if (operation.status === 'done') return { ...replay<View>(operation), replayed: false }
    const step = must(operation.steps.at(-1), 'an open operation has a step')
    const answer = await call(deps, operation, step, { maybeSent })
    rows = await settle(deps, useCase, rows, operation, step, answer)
    if ('failure' in answer) throw answer.failure
    maybeSent = false
  }
}

/** What a step came to: the gateway's answer, or the proof that nothing ever reached it. */
type StepAnswer = Answer | NeverSent

type NeverSent = Extract<Answer, { outcome: 'rejected' }> & { readonly failure: UnavailableError }

/** Calls the gateway for a step. Where the outcome is not known, lets the operation go on later and throws. */
async function call(
  deps: Deps,
  operation: OperationRow,
  step: StepRecord,
  { maybeSent }: { maybeSent: boolean },
): Promise<StepAnswer> {
  const started = deps.runtime.now()
  const tell = (outcome: string) => {
    const milliseconds = deps.runtime.now() - started
    deps.observer.tell({ what: 'gateway_called', call: step.call.call, outcome, milliseconds })
  }
  let answer: Answer | undefined
  try {
    answer = await deps.gateway.send(step.call, { idempotencyKey: `${operation.id}.${step.name}` })
    tell(answer.outcome)
    return answer.replayed || maybeAlreadySo(step, answer) ? await afresh(deps, step, answer) : answer
  } catch (error) {
    const failure = isFlorinError(error) ? error : new DefectError('the gateway adapter failed', { cause: error })
    if (answer === undefined) tell(failure.code)
    deps.observer.tell({
      what: 'operation_failed',
      operationId: operation.id,
      kind: operation.kind,
      code: failure.code,
    })
    const applied = failure.kind !== 'unavailable' || failure.outcome === 'unknown'
    if (answer === undefined && !maybeSent && !applied) return neverSent(failure)
    await letGo(deps, operation)
    throw unknownOutcome(operation, failure)
  }
}

/** Nothing reached the gateway: the operation ends, and what it intended is marked as not done. */
function neverSent(failure: UnavailableError): NeverSent {
  const rejection = { code: failure.code, param: null, message: failure.message }
  return { outcome: 'rejected', rejection, objectId: null, observations: [], replayed: false, failure }
}

/** "You cannot cancel what is canceled": the refusal may mean that the effect is there already, so it is looked up. */
function maybeAlreadySo({ call }: StepRecord, { outcome }: Answer): boolean {
  return outcome === 'rejected' && call.subject !== null
}

/** Replaces what an answer says of the state by what is true now: a replayed one is as old as the first call. */
async function afresh({ gateway }: Deps, { call }: StepRecord, answer: Answer): Promise<Answer> {
  const object = objectOf[call.call]
  const gatewayId = answer.objectId ?? call.subject
  if (object === undefined || gatewayId === null) return answer
  const now = await gateway.read({ object, gatewayId })
  return now ? { ...answer, observations: now.observations } : answer
}

const objectOf: Readonly<Partial<Record<GatewayCall['do'], ObjectRef['object']>>> = {
  'customer.create': 'customer',
  'customer.set_default_method': 'customer',
  'payment.create': 'payment',
  'payment.confirm': 'payment',
  'payment.capture': 'payment',
  'payment.cancel': 'payment',
  'refund.create': 'refund',
  'payment_method.attach': 'payment_method',
  'payment_method.detach': 'payment_method',
  'subscription.create': 'subscription',
  'subscription.update': 'subscription',
  'subscription.resume': 'subscription',
  'subscription.cancel': 'subscription',
}

function unknownOutcome({ id, objectId }: OperationRow, cause: FlorinError): UnavailableError {
  const message = 'the gateway did not answer; the outcome is unknown and will be settled: send the same key again'
  return new UnavailableError('gateway_outcome_unknown', message, 'unknown', {
    operationId: id,
    ...(objectId !== null && { objectId }),
    cause,
  })
}

/** Commits what a step's answer told, together with the operation, its lease, the audit row and the domain events. */
async function settle<Input, View extends Json>(
  deps: Deps,
  useCase: AnyUseCase<Input, View>,
  known: RowSet,
  operation: OperationRow,
  step: StepRecord,
  answer: StepAnswer,
): Promise<RowSet> {
  let rows = known
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const current = operationIn(rows, operation.id)
    // Somebody else was faster, with the same answer of the gateway's.
    if (current.status === 'done' || current.steps.length > operation.steps.length) return rows
    const now = timestamp(deps.runtime.now())
    const observing = { now, newId: deps.newId, installation: deps.settings.installation, sent: known }
    const observed = observe(rows, answer.observations, observing)
    // It was stored from the parsed input of this same use case.
    const input = current.input as Input
    const settled = useCase.settle({ answer, step: step.name, rows: observed.rows, operation: current, input, now })
    const next = nextOperation(deps, current, step, answer, settled, now)
    const after = withLease(putRow(settled.rows, 'operations', next), next, now)
    const changes: readonly Change[] = [
      ...changesBetween(rows, after),
      write('audit_log', auditOf(deps, next, step.name, answer.outcome, now)),
      ...observed.facts.map((fact) => ({
        ...write('outbox', toDomainEvent(deps, fact, now)),
        ifAbsent: true as const,
      })),
    ]
    const outcome = await commitSettle(deps, next, changes)
    if (outcome === 'committed') return committed(rows, after)
    rows = await reload(deps, useCase, operation, answer.observations)
  }
  throw unknownOutcome(operation, new UnavailableError('overloaded', 'could not settle', 'unknown'))
}

// The call was sent: whatever goes wrong with the storage now, the honest answer is "not known yet".
async function commitSettle(deps: Deps, operation: OperationRow, changes: readonly Change[]) {
  try {
    return await deps.storage.commit({ id: deps.newId('commit'), changes })
  } catch (error) {
    if (isFlorinError(error) && error.kind === 'unavailable') throw unknownOutcome(operation, error)
    throw error
  }
}

function nextOperation<View extends Json>(
  { gateway }: Deps,
  operation: OperationRow,
  step: StepRecord,
  answer: StepAnswer,
  settled: Settled<View>,
  now: Timestamp,
): OperationRow {
  const steps = operation.steps.map((one) =>
    one.name === step.name ? { ...one, answered: true, objectId: answer.objectId } : one,
  )
  if ('step' in settled) {
    const { name, call } = settled.step
    const next = { name, call: gateway.prepare(call), objectId: null, answered: false }
    return { ...operation, steps: [...steps, next], updatedAt: now, runsUntil: runsUntil(now) }
  }
  const ended = { ...operation, steps, status: 'done' as const, completedAt: now, updatedAt: now }
  // Nothing was done, so the same key may be used again for a new try.
  const done = 'failure' in answer ? { ...ended, callerScope: null, callerKey: null } : ended
  if ('refused' in settled) return { ...done, answer: refusal(settled.refused) }
  const objectId = settled.objectId ?? operation.objectId
  return { ...done, objectId, answer: { outcome: 'done', value: settled.done } }
}

function withLease(rows: RowSet, operation: OperationRow, now: Timestamp): RowSet {
  const lease = findRow(rows, 'leases', (row) => row.id === operation.leaseId && row.operationId === operation.id)
  if (!lease) return rows
  const kept = operation.status === 'done' ? released(lease, now) : taken(lease, lease.id, operation.id, now)
  return putRow(rows, 'leases', kept)
}

/** Lets the same key be taken up at once. Where even this fails, the lease runs out by itself. */
async function letGo(deps: Deps, operation: OperationRow): Promise<void> {
  const row = { ...operation, runsUntil: timestamp(deps.runtime.now()) }
  try {
    await deps.storage.commit({ id: deps.newId('commit'), changes: [write('operations', row)] })
  } catch (error) {
    if (!isFlorinError(error) || error.kind !== 'unavailable') throw error
  }
}

function operationIn(rows: RowSet, id: string): OperationRow {
  return must(
    findRow(rows, 'operations', (row) => row.id === id),
    `operation ${id}`,
  )
}

async function reload<Input, View extends Json>(
  { storage }: Deps,
  useCase: AnyUseCase<Input, View>,
  operation: OperationRow,
  observations: Answer['observations'],
): Promise<RowSet> {
  const query: Query = {
    ...seek(observations),
    ...useCase.reread(operation),
    '(operation)': one('operations', { id: operation.id }),
    ...(operation.leaseId !== null && { '(lease)': one('leases', { id: operation.leaseId }) }),
  }
  return rowSetOf(query, await storage.load(query))
}
