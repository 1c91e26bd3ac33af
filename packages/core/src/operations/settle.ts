import { auditOf } from '../audit/audit.ts'
import { installationTime } from '../bookmarks/installation-time.ts'
import { isDeletedCustomer } from '../customers/customer.ts'
import { withDebts } from '../debts/with-debts.ts'
import type { Deps } from '../deps.ts'
import { must, UnavailableError } from '../errors.ts'
import { factChanges, tellFacts } from '../events/domain-event.ts'
import type { Json } from '../json.ts'
import { observe, seek } from '../observations/observe.ts'
import { changesBetween, committed, findRow, putRow, type RowSet, rowSetOf } from '../observations/row-set.ts'
import type { Answer } from '../ports/gateway.ts'
import { type Change, one, type Query, write } from '../ports/storage.ts'
import { type Timestamp, timestamp } from '../time.ts'
import { refusal } from './answer.ts'
import { type Called, NEVER_REACHED, notKnownYet, type StepAnswer, unknownOutcome } from './call-gateway.ts'
import { runsUntil } from './deadlines.ts'
import { released, taken } from './lease.ts'
import type { OperationRow, StepRecord } from './operation.ts'
import type { Settled, UseCase } from './use-case.ts'

const MOST_TRIES = 60

/** Whether an operation ended because the gateway seemed not to know of its last step. */
export const isCalledOff = ({ answer }: OperationRow): boolean =>
  answer?.outcome === 'refused' && answer.details.gatewayCode === NEVER_REACHED

type AnyUseCase<Input, View extends Json> = Pick<UseCase<Input, Query, View>, 'kind' | 'reread' | 'settle'>

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
export async function settle<Input, View extends Json>(
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
    const isLater = current.steps.length > operation.steps.length
    const isDone = current.status === 'done' || isLater
    const settled = isDone && (isLater || !isCalledOff(current)) ? undefined : useCase.settle(settling)
    // What was called off, and is carried out after all, is settled anew; but nothing more is begun for it.
    const isNews = settled && ('done' in settled || ('refused' in settled && answer.outcome !== 'rejected'))
    // Somebody else was faster, mostly with the same answer of the gateway's. What is new in this one is kept.
    if (!settled || (isDone && !isNews)) {
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

export function operationIn(rows: RowSet, id: string): OperationRow {
  return must(
    findRow(rows, 'operations', (row) => row.id === id),
    `operation ${id}`,
  )
}

export async function reload<Input, View extends Json>(
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
