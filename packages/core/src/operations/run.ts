import type { Deps } from '../deps.ts'
import { type FlorinError, isFlorinError, must } from '../errors.ts'
import type { Json } from '../json.ts'
import { gatewayIdOf, tableOf } from '../observations/object-kinds.ts'
import { changesBetween, committed, findRow, putRow, type RowSet } from '../observations/row-set.ts'
import { type Answer, objectOfCall } from '../ports/gateway.ts'
import type { Query } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import { answerOf } from './answer.ts'
import { type Before, type Called, callGateway, neverReached, notKnownYet, unknownOutcome } from './call-gateway.ts'
import { isTooLate, LANDING_SECONDS, runsUntil, triedAgainAt } from './deadlines.ts'
import { inProgress } from './in-progress.ts'
import { isHeld, taken, withLeaseLetGo } from './lease.ts'
import type { OperationRow, StepRecord } from './operation.ts'
import { operationIn, reload, settle } from './settle.ts'
import type { Caller, Performed, UseCase } from './use-case.ts'

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
  const { settings } = deps
  const { id, objectId, leaseId } = operation
  const lease = findRow(rows, 'leases', (row) => row.id === leaseId)
  const busy = () => inProgress({ operationId: id, ...(objectId !== null && { objectId }) })
  if (lease?.operationId !== id && isHeld(lease, now)) throw busy()
  const mine = putRow(rows, 'operations', { ...operation, dueAt: runsUntil(now), updatedAt: now })
  const claimed = leaseId === null ? mine : putRow(mine, 'leases', taken(lease, leaseId, operation, { now, settings }))
  const claim = { id: deps.newId('commit'), changes: changesBetween(rows, claimed) }
  if ((await orUnknown(operation, deps.storage.commit(claim))) === 'conflict') throw busy()
  const ran = await run({ ...deps, gateway }, useCase, id, committed(rows, claimed), { maybeSent: true, lookOnly })
  // Whoever asked for it gets to begin anew, for the key is free.
  if ('anew' in ran) throw ran.anew
  return ran
}

/**
 * Answers an operation that was called off. What it intended may be there all the same, as a webhook told later: then it
 * is settled anew, by what the rows show; nothing is sent or asked for it.
 */
export async function reconsider<Input, Q extends Query, View extends Json>(
  deps: Deps,
  useCase: UseCase<Input, Q, View>,
  operation: OperationRow,
): Promise<Performed<View>> {
  const rows = await reload(deps, useCase, operation, [])
  const step = must(operation.steps.at(-1), 'an operation has a step')
  const made = step.call.subject === null ? gatewayIdIn(rows, operation) : undefined
  const answer: Answer = made
    ? { outcome: 'accepted', objectId: made, observations: [], replayed: false }
    : neverReached()
  const settled = await settle(deps, useCase, rows, operation, step, { answer, isLate: true })
  return answerOf(operationIn(settled.rows, operation.id), true)
}

/** The gateway's id of what an operation makes, once its row has one. */
function gatewayIdIn(rows: RowSet, { objectId, steps }: OperationRow): string | undefined {
  const object = objectOfCall[must(steps.at(-1), 'an operation has a step').call.call]
  const row = object === null ? undefined : findRow(rows, tableOf[object], ({ id }) => id === objectId)
  return (row && gatewayIdOf(row)) ?? undefined
}

/** The gateway, once the open step may be sent. */
async function reserved({ gateway }: Deps, operation: OperationRow): Promise<Deps['gateway']> {
  const step = openStep(operation)
  return (await gateway.reserve(step.call.call)).gateway
}

const openStep = ({ steps }: OperationRow): StepRecord => must(steps.at(-1), 'an open operation has a step')

/** What running came to: the answer, or that nothing was done and all may begin anew, once. */
export type Ran<View> = Performed<View> | { readonly anew: FlorinError }

/** Makes the calls of an operation, one after the other, each settled before the next is sent. */
export async function run<Input, Q extends Query, View extends Json>(
  deps: Deps,
  useCase: UseCase<Input, Q, View>,
  operationId: string,
  start: RowSet,
  earlier: Before & Pick<Caller, 'signal'>,
): Promise<Ran<View>> {
  let rows = start
  let before = earlier
  for (;;) {
    const operation = operationIn(rows, operationId)
    if (operation.status === 'done') return answerOf<View>(operation, false)
    const step = openStep(operation)
    const called = await callOrLetGo(deps, rows, operation, before)
    // Whoever waited for it may have been told by now that it is open.
    const isLate = earlier.maybeSent || earlier.signal?.aborted === true
    const settled = await orUnknown(operation, settle(deps, useCase, rows, operation, step, { ...called, isLate }))
    if (settled.outcome === 'look later') {
      await lookLater(deps, rows, operation, called)
      throw unknownOutcome(operation, notKnownYet())
    }
    const { answer } = called
    rows = settled.rows
    const isOurs = settled.outcome === 'settled'
    if ('failure' in answer && isOurs) {
      if (answer.customerGone) return { anew: answer.failure }
      throw answer.failure
    }
    // Another process has it, and goes on with it.
    if (!isOurs && operationIn(rows, operationId).status === 'open') throw unknownOutcome(operation, notKnownYet())
    before = { ...before, maybeSent: false }
  }
}

async function callOrLetGo(deps: Deps, rows: RowSet, operation: OperationRow, before: Before): Promise<Called> {
  try {
    return await callGateway(deps, operation, openStep(operation), before)
  } catch (error) {
    await letGo(deps, rows, operation)
    throw error
  }
}

/** It is begun: whatever goes wrong with the storage now, the honest answer is "not known yet". */
async function orUnknown<T>(operation: OperationRow, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isFlorinError(error) && error.kind === 'unavailable') throw unknownOutcome(operation, error)
    throw error
  }
}

/** Lets the operation be taken up again, soon. */
function letGo(deps: Deps, rows: RowSet, operation: OperationRow): Promise<void> {
  return release(deps, rows, { ...operation, dueAt: triedAgainAt(operation, deps.runtime.now()) })
}

/** Has a step looked for once more, when whatever is on its way to the gateway has landed. */
function lookLater(deps: Deps, rows: RowSet, operation: OperationRow, { missingAt: at = 0 }: Called): Promise<void> {
  const step = openStep(operation)
  const missingAt = step.missingAt ?? at
  const steps = operation.steps.map((one) => (one.name === step.name ? { ...one, missingAt } : one))
  const left = Math.max(missingAt + LANDING_SECONDS - at, 1)
  return release(deps, rows, { ...operation, steps, dueAt: timestamp(deps.runtime.now() + left * 1000) })
}

/** Where even this fails, the time to run the operation runs out by itself. */
async function release(deps: Deps, rows: RowSet, operation: OperationRow): Promise<void> {
  const next = withLeaseLetGo(putRow(rows, 'operations', operation), operation, timestamp(deps.runtime.now()))
  try {
    await deps.storage.commit({ id: deps.newId('commit'), changes: changesBetween(rows, next), settles: true })
  } catch (error) {
    if (!isFlorinError(error) || error.kind !== 'unavailable') throw error
  }
}
