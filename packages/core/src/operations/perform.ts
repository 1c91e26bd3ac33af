import { florin } from '../actor.ts'
import { seekInstallationTime } from '../bookmarks/installation-time.ts'
import type { Reserved } from '../budgeted-gateway.ts'
import type { Deps, Settings } from '../deps.ts'
import { InvalidError, isFlorinError, UnavailableError } from '../errors.ts'
import { parseInput } from '../input/parse-input.ts'
import { checkUserId } from '../input/user-id.ts'
import type { Json } from '../json.ts'
import { committed, putRow, type RowSet, rowSetOf } from '../observations/row-set.ts'
import { type Change, type Loaded, one, type Query } from '../ports/storage.ts'
import { milliseconds, type Timestamp, timestamp } from '../time.ts'
import { answerOf, userErased } from './answer.ts'
import { answerInTime, type Progress, stopIfLate } from './answer-in-time.ts'
import { unknownOutcome } from './call-gateway.ts'
import { type CallerKey, callerKey } from './caller-key.ts'
import { inProgress } from './in-progress.ts'
import { intentOf } from './intent.ts'
import { isHeld } from './lease.ts'
import type { OperationRow } from './operation.ts'
import { reconsider, resume, run } from './run.ts'
import { isCalledOff } from './settle.ts'
import type { Caller, Performed, UseCase } from './use-case.ts'

const MOST_TRIES = 200
const LONGEST_WAIT_MS = 10_000

/**
 * Runs a use case: parse, permit, read, decide, commit the intent, call the gateway, commit what came back.
 *
 * With an idempotency key the same input gets the same answer, whatever happened in between. Once the intent is
 * committed nothing is forgotten: a crash, or a gateway that does not answer, leaves an open operation, which the same
 * key, a webhook or recovery settles. Its place in the call budget is taken before that, so that whoever would have to
 * wait too long is turned away with nothing done.
 *
 * @throws `invalid` input_invalid, card_number_refused, idempotency_key_missing, idempotency_key_reused
 * @throws `refused` forbidden, operation_in_progress, and what the use case refuses
 * @throws `unavailable` storage_unavailable, gateway_unavailable, overloaded: nothing was done ·
 *   gateway_outcome_unknown: the operation is open, send the same key again
 */
export function perform<Input, const Q extends Query, View extends Json>(
  deps: Deps,
  useCase: UseCase<Input, Q, View>,
  rawInput: unknown,
  caller: Caller,
): Promise<Performed<View>> {
  const progress: Progress = { operation: undefined }
  return answerInTime(caller.signal, progress, begin(deps, useCase, rawInput, caller, progress))
}

async function begin<Input, const Q extends Query, View extends Json>(
  deps: Deps,
  useCase: UseCase<Input, Q, View>,
  rawInput: unknown,
  caller: Caller,
  progress: Progress,
): Promise<Performed<View>> {
  const input = parseInput(useCase.input, rawInput)
  checkUserId(deps.settings, input)
  useCase.authorize(input, caller.actor, deps.settings)
  const key = await callerKey(deps, useCase, input, rawInput, caller)
  const read = useCase.read(input, caller.actor)
  let more: Query = {}
  const giveUpAt = deps.runtime.now() + LONGEST_WAIT_MS
  let lease = useCase.lease?.(input)
  let reserved: Reserved | undefined
  let isAnew = false

  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    if (tries > 0) await deps.runtime.wait(backOff(deps, tries))
    stopIfLate(caller.signal)
    const { loaded, rows } = await load(deps, { ...read, ...more }, key, lease)
    const earlier = key && rows.operations?.find((row) => row.callerKey === key.callerKey)
    const now = timestamp(deps.runtime.now())
    const expired = earlier && isExpired(earlier, caller, now, deps.settings) ? earlier : undefined
    if (earlier && !expired) return again(deps, useCase, earlier, key, progress)

    const operationId = deps.newId('operation')
    const deciding = { now, newId: deps.newId, operationId, actor: caller.actor, settings: deps.settings }
    const decision = useCase.intend(loaded, input, deciding)
    if ('read' in decision) {
      more = decision.read
      continue
    }
    if ('needs' in decision) {
      await decision.needs(deps, caller)
      continue
    }
    if (decision.lease !== undefined && decision.lease !== lease) {
      // An object addressed by the gateway's id: which one is meant was only known after reading.
      lease = decision.lease
      continue
    }
    const held = rows.leases?.find((row) => row.id === decision.lease)
    if (isHeld(held, now)) {
      if (deps.runtime.now() > giveUpAt || tries === MOST_TRIES - 1) throw inProgress()
      continue
    }
    if ('done' in decision) return { data: decision.done, operationId: null, replayed: false }
    const isErased = decision.userId !== null && (await deps.isErased(decision.userId))
    if (isErased && !useCase.afterErasure) throw userErased()
    const { call } = decision.step
    if (reserved?.call !== call.do) {
      reserved = await deps.gateway.reserve(call.do)
      if (reserved.hasWaited) continue
    }

    const asked = { input, caller, key, expired, held, operationId, now, isErased }
    const { operation, changes } = intentOf(deps, useCase, decision, asked)
    stopIfLate(caller.signal)
    progress.operation = operation
    const intent = { id: deps.newId('commit'), changes }
    if ((await orUnknownIntent(operation, deps.storage.commit(intent))) === 'conflict') {
      progress.operation = undefined
      continue
    }
    const known = committed(rows, withChanges(rows, changes))
    const before = { maybeSent: false, lookOnly: false, signal: caller.signal }
    const ran = await run({ ...deps, gateway: reserved.gateway }, useCase, operationId, known, before)
    if (!('anew' in ran)) return ran
    if (isAnew) throw ran.anew
    isAnew = true
    reserved = undefined
    progress.operation = undefined
  }
  throw new UnavailableError('overloaded', 'too many requests change the same object at once', 'not_applied')
}

/** An intent of which it is not known whether it was stored may be carried out by recovery. */
async function orUnknownIntent<T>(operation: OperationRow, commit: Promise<T>): Promise<T> {
  try {
    return await commit
  } catch (error) {
    const isUnknown = isFlorinError(error) && error.kind === 'unavailable' && error.outcome === 'unknown'
    throw isUnknown ? unknownOutcome(operation, error) : error
  }
}

// Names that no use case's own query uses.
const OPERATION = '(operation)'
const LEASE = '(lease)'

async function load<const Q extends Query>(
  deps: Deps,
  read: Q,
  key: CallerKey | undefined,
  lease: string | undefined,
): Promise<{ loaded: Loaded<Q>; rows: RowSet }> {
  const query: Query = {
    ...read,
    ...(key && { [OPERATION]: one('operations', { callerScope: key.callerScope, callerKey: key.callerKey }) }),
    ...(lease !== undefined && { [LEASE]: one('leases', { id: lease }) }),
    ...seekInstallationTime(deps),
  }
  const loaded = await deps.storage.load(query)
  // The storage answers every name of the query, those of `read` among them.
  return { loaded: loaded as Loaded<Q>, rows: rowSetOf(query, loaded) }
}

/** The same key came before: another request, one still running, one that was left open, or one with its answer. */
async function again<Input, Q extends Query, View extends Json>(
  deps: Deps,
  useCase: UseCase<Input, Q, View>,
  earlier: OperationRow,
  key: CallerKey,
  progress: Progress,
): Promise<Performed<View>> {
  if (earlier.requestHash !== key.requestHash) {
    throw new InvalidError('idempotency_key_reused', 'this Idempotency-Key was used with another request')
  }
  if (isCalledOff(earlier)) return reconsider(deps, useCase, earlier)
  if (earlier.status === 'done') return answerOf(earlier, true)
  const left = milliseconds(earlier.dueAt ?? earlier.createdAt) - deps.runtime.now()
  if (left > 0)
    throw inProgress({ operationId: earlier.id, ...(earlier.objectId !== null && { objectId: earlier.objectId }) })
  progress.operation = earlier
  return resume(deps, useCase, earlier)
}

/** Whether a key may be used anew: long after its request was answered, never while it is open. */
function isExpired(
  { status, completedAt }: OperationRow,
  { actor }: Caller,
  now: Timestamp,
  { idempotencyKeyMs }: Settings,
): boolean {
  if (status === 'open' || completedAt === null || actor === florin) return false
  return milliseconds(completedAt) + idempotencyKeyMs <= milliseconds(now)
}

function withChanges(rows: RowSet, changes: readonly Change[]): RowSet {
  return changes.reduce((set, { table, row }) => putRow(set, table, row), rows)
}

// Real milliseconds: long enough for the other commit to land, short enough not to be felt.
function backOff({ runtime }: Deps, tries: number): number {
  const [random = 0] = runtime.randomBytes(1)
  return Math.min(5 * 2 ** Math.min(tries, 5), 100) * (0.5 + random / 512)
}
