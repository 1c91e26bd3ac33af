import type { Deps } from '../deps.ts'
import { type FlorinError, isFlorinError } from '../errors.ts'
import { due } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import type { OperationRow } from './operation.ts'
import { resumeOf } from './use-cases.ts'

/** What recovery did. */
export interface Recovered {
  /** Operations that are settled now, refusals included. */
  readonly settled: number
  /** Operations that are still open, with why. */
  readonly open: readonly { readonly operationId: string; readonly code: string }[]
}

/**
 * Settles operations that were left open by a crash, a timeout or a gateway that did not answer. May run in any number of
 * processes at once: each operation is taken by one of them.
 *
 * @throws `unavailable` storage_unavailable
 */
export async function recoverOperations(deps: Deps, { limit = 20 }: { limit?: number } = {}): Promise<Recovered> {
  const now = timestamp(deps.runtime.now())
  const { operations } = await deps.storage.load({ operations: due('operations', now, limit) })
  const open: Recovered['open'][number][] = []
  for (const operation of operations) {
    const code = await settleOne(deps, operation)
    if (code !== undefined) open.push({ operationId: operation.id, code })
  }
  return { settled: operations.length - open.length, open }
}

/** Answers why the operation is still open, or undefined once it is not. */
async function settleOne(deps: Deps, operation: OperationRow): Promise<string | undefined> {
  try {
    await resumeOf[operation.kind](deps, operation)
    return undefined
  } catch (error) {
    if (!isFlorinError(error)) throw error
    return isStillOpen(error) ? error.code : undefined
  }
}

// Refusals are the stored answer of an operation that is done; these are not.
const isStillOpen = ({ kind, code }: FlorinError) =>
  kind === 'unavailable' || kind === 'defect' || code === 'operation_in_progress'
