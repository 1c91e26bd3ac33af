import type { Deps } from '../deps.ts'
import type { Json } from '../json.ts'
import { type Change, type Query, write } from '../ports/storage.ts'
import type { Timestamp } from '../time.ts'
import type { CallerKey } from './caller-key.ts'
import { runsUntil } from './deadlines.ts'
import { type LeaseRow, taken } from './lease.ts'
import type { OperationRow } from './operation.ts'
import type { Caller, Decision, UseCase } from './use-case.ts'

/** What an operation is begun with, besides what was decided. */
interface Asked<Input> {
  readonly input: Input
  readonly caller: Caller
  readonly key: CallerKey | undefined
  /** The operation that had the key before, and lets it go. */
  readonly expired: OperationRow | undefined
  /** The lease as it was read. */
  readonly held: LeaseRow | undefined
  readonly operationId: string
  readonly now: Timestamp
  /** What is done after an erasure is nobody's: it must still be there, and open, once the user's key is gone. */
  readonly isErased: boolean
}

/** The operation that a decision begins, and all that the commit of its intent writes. Pure but for rendering the call. */
export function intentOf<Input, Q extends Query, View extends Json>(
  { gateway, settings }: Pick<Deps, 'gateway' | 'settings'>,
  { kind }: UseCase<Input, Q, View>,
  decision: Extract<Decision<View>, { step: unknown }>,
  { input, caller, key, expired, held, operationId, now, isErased }: Asked<Input>,
): { readonly operation: OperationRow; readonly changes: readonly Change[] } {
  const { lease, objectId, userId } = decision
  const { name, call } = decision.step
  const operation: OperationRow = {
    ...{ id: operationId, version: 0, createdAt: now, updatedAt: now, kind, status: 'open' },
    ...{ actor: caller.actor, requestId: caller.requestId ?? null, input },
    userId: isErased ? null : userId,
    objectId,
    callerScope: key?.callerScope ?? null,
    callerKey: key?.callerKey ?? null,
    requestHash: key?.requestHash ?? null,
    steps: [{ name, call: gateway.prepare(call), objectId: null, answered: false }],
    answer: null,
    leaseId: lease ?? null,
    dueAt: runsUntil(now),
    completedAt: null,
  }
  const changes = [
    ...decision.changes,
    // Its key goes over to the new operation, in one commit: of two that ask, one gets it.
    ...(expired ? [write('operations', { ...expired, callerScope: null, callerKey: null, updatedAt: now })] : []),
    write('operations', operation),
    ...(lease === undefined ? [] : [write('leases', taken(held, lease, operation, { now, settings }))]),
  ]
  return { operation, changes }
}
