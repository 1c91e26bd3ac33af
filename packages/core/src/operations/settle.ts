import { auditOf } from '../audit/audit-entry.ts'
import { installationTime } from '../bookmarks/installation-time.ts'
import { isDeletedCustomer } from '../customers/customer.ts'
import { withDebts } from '../debts/with-debts.ts'
import type { Deps } from '../deps.ts'
import { UnavailableError } from '../errors.ts'
import { commitFacts } from '../events/commit-facts.ts'
import type { Json } from '../json.ts'
import { observe, seek } from '../observations/observe.ts'
import { type Folded, observingOf } from '../observations/observing.ts'
import {
  changesBetween,
  committed,
  findRow,
  putRow,
  type RowSet,
  rowSetOf,
  rowWithId,
} from '../observations/row-set.ts'
import type { Answer } from '../ports/gateway.ts'
import { type Change, one, type Query, write } from '../ports/storage.ts'
import { type Timestamp, timestamp } from '../time.ts'
import { refusal } from './answer.ts'
import { type Called, NEVER_REACHED, notKnownYet, type StepAnswer, unknownOutcome } from './call-gateway.ts'
import { runsUntil } from './deadlines.ts'
import { withLease } from './lease.ts'
import type { OperationRow, StepRecord } from './operation.ts'
import type { Settled, UseCase } from './use-case.ts'

const MOST_TRIES = 60

/** Whether an operation ended because the gateway seemed not to know of its last step. */
export const isCalledOff = ({ answer }: OperationRow): boolean =>
  answer?.outcome === 'refused' && answer.details.gatewayCode === NEVER_REACHED

type AnyUseCase<Input, View extends Json> = Pick<UseCase<Input, Query, View>, 'kind' | 'reread' | 'settle'>

/** What became of a step's answer, and the rows as they are stored now. */
export interface Settlement {
  readonly rows: RowSet
  /** `overtaken`: another process had settled the step before. `look later`: a refusal that is not certain yet. */
  readonly outcome: 'settled' | 'overtaken' | 'look later'
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
  { answer, missingAt, isLate }: Called & { readonly isLate: boolean },
): Promise<Settlement> {
  // What hung on a customer was not needed before.
  let rows = answer.observations.some(isDeletedCustomer)
    ? await reload(deps, useCase, operation, answer.observations)
    : known
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const current = operationIn(rows, operation.id)
    rows = await withDebts(deps, rows, answer.observations)
    const now = timestamp(deps.runtime.now())
    const observed = observe(rows, answer.observations, observingOf(deps, now, { sent: known }))
    // It was stored from the parsed input of this same use case.
    const input = current.input as Input
    const settling = { answer, step: step.name, rows: observed.rows, operation: current, input, now }
    const role = roleIn(current, operation)
    const settled = role === 'observe' ? undefined : useCase.settle(settling)
    if (!settled || (role === 'settle anew' && !isCarriedOut(settled, answer))) {
      // Somebody else was faster, mostly with the same answer of the gateway's. What is new in this one is kept.
      const kept = await keepObserved(deps, rows, observed, now)
      if (kept) return { outcome: 'overtaken', rows: kept }
      rows = await reload(deps, useCase, operation, answer.observations)
      continue
    }
    // Whoever took it up meanwhile may have sent it, so that a refusal proves nothing any more.
    if (answer.outcome === 'rejected' && current.version !== operation.version) {
      throw unknownOutcome(operation, 'failure' in answer ? answer.failure : notKnownYet())
    }
    if (missingAt !== undefined && 'refused' in settled) return { outcome: 'look later', rows }
    const next = nextOperation(deps, current, step, answer, settled, now)
    const after = withLease(putRow(settled.rows, 'operations', next), next, { now, settings: deps.settings })
    const { outcome } = answer
    const changes: readonly Change[] = [
      ...changesBetween(rows, after),
      write('audit_log', auditOf(deps, { operation: next, step: step.name, outcome, before: rows, after, now })),
      ...beginning(deps, rows, answer, now),
    ]
    // Where the caller waits he is answered; later only an event can tell him what nothing at the gateway shows.
    const facts = isLate ? [...observed.facts, ...(settled.facts ?? [])] : observed.facts
    const stored = await commitFacts(deps, changes, facts, { now, settles: true })
    if (stored === 'committed') return { outcome: 'settled', rows: committed(rows, after) }
    rows = await reload(deps, useCase, operation, answer.observations)
  }
  throw new UnavailableError('overloaded', 'could not settle', 'unknown')
}

/** What an answer to a step may do, by what the operation has come to meanwhile. */
function roleIn(current: OperationRow, { steps }: OperationRow): 'settle' | 'settle anew' | 'observe' {
  if (current.steps.length > steps.length) return 'observe'
  if (current.status === 'open') return 'settle'
  return isCalledOff(current) ? 'settle anew' : 'observe'
}

/** Whether what was called off is done after all, or declined. Nothing more is begun for it. */
const isCarriedOut = <View>(settled: Settled<View>, { outcome }: StepAnswer): boolean =>
  'done' in settled || ('refused' in settled && outcome !== 'rejected')

/** Commits what was observed, and nothing else. Undefined in conflict. */
async function keepObserved(deps: Deps, rows: RowSet, { rows: after, facts }: Folded, now: Timestamp) {
  const changes = changesBetween(rows, after)
  if (changes.length === 0 && facts.length === 0) return rows
  const outcome = await commitFacts(deps, changes, facts, { now, settles: true })
  return outcome === 'conflict' ? undefined : committed(rows, after)
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

/** The operation as it is among the rows, so as it was last read. @throws `defect` where it is not there */
export function operationIn(rows: RowSet, id: string): OperationRow {
  return rowWithId(rows, 'operations', id)
}

/** Reads anew what settling may touch, in one snapshot: operation, lease, the use case's rows and what was observed. */
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
  const rows = rowSetOf(query, await storage.load(query))
  if (!findRow(rows, 'operations', ({ id }) => id === operation.id)) throw unknownOutcome(operation, lost())
  return rows
}

/** A replica that became the primary may lack what the old one had confirmed. */
const lost = () =>
  new UnavailableError('storage_unavailable', 'the storage has lost an operation that it had committed', 'unknown')
