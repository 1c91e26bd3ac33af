import { auditOf } from '../audit/audit.ts'
import { installationTime } from '../bookmarks/installation-time.ts'
import { isDeletedCustomer } from '../customers/customer.ts'
import { withDebts } from '../debts/with-debts.ts'
import type { Deps } from '../deps.ts'
import { type FlorinError, isFlorinError, must, UnavailableError } from '../errors.ts'
import { factChanges, tellFacts } from '../events/domain-event.ts'
import type { Json } from '../json.ts'
import { observe, seek } from '../observations/observe.ts'
import { changesBetween, committed, findRow, putRow, type RowSet, rowSetOf } from '../observations/row-set.ts'
import type { Answer } from '../ports/gateway.ts'
import { type Change, one, type Query, write } from '../ports/storage.ts'
import { milliseconds, type Timestamp, timestamp } from '../time.ts'
import { answerOf, refusal } from './answer.ts'
import {
  type Before,
  type Called,
  callGateway,
  NEVER_REACHED,
  type StepAnswer,
  unknownOutcome,
} from './call-gateway.ts'
import { isTooLate, LANDING_SECONDS, RUN_MS } from './deadlines.ts'
import { inProgress } from './in-progress.ts'
import { isHeld, released, taken } from './lease.ts'
import type { OperationRow, StepRecord } from './operation.ts'
import type { Performed, Settled, UseCase } from './use-case.ts'

const MOST_TRIES = 60

/** Until when a process that starts now has an operation to itself. */
export const runsUntil = (now: Timestamp): Timestamp => timestamp(milliseconds(now) + RUN_MS)

type AnyUseCase<Input, View extends Json> = Pick<UseCase<Input, Query, View>, 'kind' | 'reread' | 'settle'>

/**
 * Goes on with an operation that was left open. The step that has no answer yet is sent again, exactly as it was rendered
 * and under the same key; once the time for that is over, the gateway is only asked what became of it. Only one process
 * gets to do it, and nobody who calls for the same object at that time.
 *
 * @throws `refused` operation_in_progress when another process was faster
 */
export async function resume<Input, Q extends Query, View extends Json>(
  deps: Deps,
  useCase: UseCase<Input, Q, View>,
  operation: OperationRow,
): Promise<Performed<View>> {
  // What was looked for in vain is never sent again, not even by a process that would have more time for it.
  const wasMissed = operation.steps.at(-1)?.missingAt !== undefined
  const lookOnly = wasMissed || isTooLate(operation, deps.runtime.now(), deps.settings)
  // It is begun: from here on nobody may be told that nothing was done.
  const gateway = lookOnly ? deps.gateway : await orUnknown(operation, reserved(deps, operation))
  const rows = await orUnknown(operation, reload(deps, useCase, operation, []))
  const now = timestamp(deps.runtime.now())
  const { id, objectId, leaseId } = operation
  const lease = findRow(rows, 'leases', (row) => row.id === leaseId)
  const busy = () => inProgress({ operationId: id, ...(objectId !== null && { objectId }) })
  if (lease?.operationId !== id && isHeld(lease, now)) throw busy()
  const mine = putRow(rows, 'operations', { ...operation, dueAt: runsUntil(now), updatedAt: now })
  const claimed = leaseId === null ? mine : putRow(mine, 'leases', taken(lease, leaseId, id, now))
  const claim = { id: deps.newId('commit'), changes: changesBetween(rows, claimed) }
  if ((await orUnknown(operation, deps.storage.commit(claim))) === 'conflict') throw busy()
  const ran = await run({ ...deps, gateway }, useCase, id, committed(rows, claimed), { maybeSent: true, lookOnly })
  // Whoever asked for it gets to begin anew, for the key is free.
  if ('anew' in ran) throw ran.anew
  return ran
}

/** The gateway, once the open step may be sent. */
async function reserved({ gateway }: Deps, operation: OperationRow): Promise<Deps['gateway']> {
  const step = must(operation.steps.at(-1), 'an open operation has a step')
  return (await gateway.reserve(step.call.call)).gateway
}

/** What running came to: the answer, or that nothing was done and all may begin anew, once. */
export type Ran<View> = Performed<View> | { readonly anew: FlorinError }

/** Makes the calls of an operation, one after the other, each settled before the next is sent. */
export async function run<Input, Q extends Query, View extends Json>(
  deps: Deps,
  useCase: UseCase<Input, Q, View>,
  operationId: string,
  start: RowSet,
  earlier: Before,
): Promise<Ran<View>> {
  let rows = start
  let before = earlier
  for (;;) {
    const operation = operationIn(rows, operationId)
    if (operation.status === 'done') return answerOf<View>(operation, false)
    const step = must(operation.steps.at(-1), 'an open operation has a step')
    const called = await callOrLetGo(deps, operation, step, before)
    const settled = await orUnknown(operation, settle(deps, useCase, rows, operation, step, called))
    if (settled === 'look later') {
      await lookLater(deps, operation, step, called)
      throw unknownOutcome(operation, notKnownYet())
    }
    const { answer } = called
    rows = settled.rows
    if ('failure' in answer && settled.byUs) {
      if (answer.customerGone) return { anew: answer.failure }
      throw answer.failure
    }
    // Another process has it, and goes on with it.
    if (!settled.byUs && operationIn(rows, operationId).status === 'open')
      throw unknownOutcome(operation, notKnownYet())
    before = { ...before, maybeSent: false }
  }
}

async function callOrLetGo(deps: Deps, operation: OperationRow, step: StepRecord, before: Before): Promise<Called> {
  try {
    return await callGateway(deps, operation, step, before)
  } catch (error) {
    await letGo(deps, operation)
    throw error
  }
}

const notKnownYet = () =>
  new UnavailableError('gateway_outcome_unknown', 'it is not known yet what becomes of it', 'unknown')

/** It is begun: whatever goes wrong with the storage now, the honest answer is "not known yet". */
async function orUnknown<T>(operation: OperationRow, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isFlorinError(error) && error.kind === 'unavailable') throw unknownOutcome(operation, error)
    throw error
  }
}

interface SettledRows {
  readonly rows: RowSet
  /** False where another process had settled the step before. */
  readonly byUs: boolean
}

/**
 * Commits what a step's answer told, together with the operation, its lease, the audit row and the domain events. Where it
 * would be a refusal that is not certain yet, nothing is committed.
 *
 * @throws `unavailable` gateway_outcome_unknown: it failed here, and another process has sent it since, or may
 */
async function settle<Input, View extends Json>(
  deps: Deps,
  useCase: AnyUseCase<Input, View>,
  known: RowSet,
  operation: OperationRow,
  step: StepRecord,
  { answer, missingAt }: Called,
): Promise<SettledRows | 'look later'> {
  // What hung on a customer was not needed before.
  let rows = answer.observations.some(isDeletedCustomer)
    ? await reload(deps, useCase, operation, answer.observations)
    : known
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const current = operationIn(rows, operation.id)
    rows = await withDebts(deps, rows, answer.observations)
    const now = timestamp(deps.runtime.now())
    const { newId, settings } = deps
    const { installation, sweepAfterMs } = settings
    const observing = { now, newId, installation, sweepAfterMs, sent: known }
    const observed = observe(rows, answer.observations, observing)
    // It was stored from the parsed input of this same use case.
    const input = current.input as Input
    const settling = { answer, step: step.name, rows: observed.rows, operation: current, input, now }
    const isDone = current.status === 'done' || current.steps.length > operation.steps.length
    const settled = isDone && !isCarriedOutAfterAll(current, operation, answer) ? undefined : useCase.settle(settling)
    // Somebody else was faster, mostly with the same answer of the gateway's. What is new in this one is kept. What was
    // called off, and is carried out after all, is settled anew; but nothing more is begun for it.
    if (!settled || (isDone && 'step' in settled)) {
      const news = [...changesBetween(rows, observed.rows), ...factChanges(deps, observed.facts, now)]
      if (news.length === 0) return { rows, byUs: false }
      if ((await deps.storage.commit({ id: newId('commit'), changes: news, settles: true })) === 'committed') {
        tellFacts(deps, observed.facts, news)
        return { rows: committed(rows, observed.rows), byUs: false }
      }
      rows = await reload(deps, useCase, operation, answer.observations)
      continue
    }
    // Whoever took it up meanwhile may have sent it, so that a refusal proves nothing any more.
    if (answer.outcome === 'rejected' && current.version !== operation.version) {
      throw unknownOutcome(operation, 'failure' in answer ? answer.failure : notKnownYet())
    }
    if (missingAt !== undefined && 'refused' in settled) return 'look later'
    const next = nextOperation(deps, current, step, answer, settled, now)
    const after = withLease(putRow(settled.rows, 'operations', next), next, now)
    const { outcome } = answer
    const changes: readonly Change[] = [
      ...changesBetween(rows, after),
      write('audit_log', auditOf(deps, { operation: next, step: step.name, outcome, before: rows, after, now })),
      ...factChanges(deps, observed.facts, now),
      ...beginning(deps, rows, answer, now),
    ]
    const stored = await deps.storage.commit({ id: deps.newId('commit'), changes, settles: true })
    if (stored === 'committed') {
      tellFacts(deps, observed.facts, changes)
      return { rows: committed(rows, after), byUs: true }
    }
    rows = await reload(deps, useCase, operation, answer.observations)
  }
  throw new UnavailableError('overloaded', 'could not settle', 'unknown')
}

/** The first answer of all begins the installation: what it shows was made just now, by the gateway's own clock. */
function beginning(deps: Deps, rows: RowSet, { observations }: Answer, now: Timestamp): readonly Change[] {
  const newest = Math.max(...observations.map(({ created }) => created))
  return Number.isFinite(newest) ? installationTime(deps, rows, newest, now).changes : []
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
    one.name === step.name ? { ...one, answered: true, objectId: answer.objectId ?? one.call.subject } : one,
  )
  if ('step' in settled) {
    const { name, call } = settled.step
    const next = { name, call: gateway.prepare(call), objectId: null, answered: false }
    return { ...operation, steps: [...steps, next], updatedAt: now, dueAt: runsUntil(now) }
  }
  const ended = { ...operation, steps, status: 'done' as const, dueAt: null, completedAt: now, updatedAt: now }
  // Nothing was done, so the same key may be used again for a new try. A user's customer is asked for under a key of
  // Florin's own, which a refusal must not block for ever.
  const isFree = 'failure' in answer || (operation.kind === 'customer.create' && 'refused' in settled)
  const done = isFree ? { ...ended, callerScope: null, callerKey: null } : ended
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

/** Lets the operation be taken up at once. */
function letGo(deps: Deps, operation: OperationRow): Promise<void> {
  return release(deps, { ...operation, dueAt: timestamp(deps.runtime.now()) })
}

/** Has a step looked for once more, when whatever is on its way to the gateway has landed. */
function lookLater(
  deps: Deps,
  operation: OperationRow,
  step: StepRecord,
  { missingAt: at = 0 }: Called,
): Promise<void> {
  const missingAt = step.missingAt ?? at
  const steps = operation.steps.map((one) => (one.name === step.name ? { ...one, missingAt } : one))
  const left = Math.max(missingAt + LANDING_SECONDS - at, 1)
  return release(deps, { ...operation, steps, dueAt: timestamp(deps.runtime.now() + left * 1000) })
}

/** Where even this fails, the time to run the operation runs out by itself. */
async function release(deps: Deps, row: OperationRow): Promise<void> {
  try {
    await deps.storage.commit({ id: deps.newId('commit'), changes: [write('operations', row)], settles: true })
  } catch (error) {
    if (!isFlorinError(error) || error.kind !== 'unavailable') throw error
  }
}

/** Whether a step was called off because the gateway seemed not to know of it, and is now accepted. */
const isCarriedOutAfterAll = (current: OperationRow, { steps }: OperationRow, { outcome }: Answer): boolean =>
  outcome === 'accepted' &&
  current.steps.length === steps.length &&
  current.answer?.outcome === 'refused' &&
  current.answer.details.gatewayCode === NEVER_REACHED

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
