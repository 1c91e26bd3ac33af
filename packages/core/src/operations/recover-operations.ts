import type { Deps } from '../deps.ts'
import { isFlorinError } from '../errors.ts'
import { due, one, write } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import { isStillOpen } from './in-progress.ts'
import type { OperationRow } from './operation.ts'
import { resumeOf } from './use-cases.ts'

/** What breaks whoever takes it up waits so long, and leaves a payment one more try in its window. */
const PUT_OFF_MS = 5 * 60_000

/** What recovery did. */
export interface Recovered {
  /** Operations that are settled now, refusals included. */
  readonly settled: number
  /** Their ids. */
  readonly settledIds: readonly string[]
  /** Operations that are still open, with why. */
  readonly open: readonly { readonly operationId: string; readonly code: string }[]
}

/** Settles operations that were left open; `Maintenance.recover` says what is promised. */
export async function recoverOperations(
  deps: Deps,
  { limit = 20 }: { limit?: number | undefined } = {},
): Promise<Recovered> {
  const now = timestamp(deps.runtime.now())
  const { operations } = await deps.storage.load({ operations: due('operations', now, limit) })
  const open: Recovered['open'][number][] = []
  const settledIds: string[] = []
  const failures: unknown[] = []
  for (const operation of operations) {
    try {
      const code = await settleOne(deps, operation)
      if (code === undefined) settledIds.push(operation.id)
      else open.push({ operationId: operation.id, code })
    } catch (error) {
      // One that breaks whoever takes it up does not keep the others from their turn, now or later.
      failures.push(error)
      await putOff(deps, operation).catch((another: unknown) => failures.push(another))
    }
  }
  if (failures.length > 0) throw failures[0]
  return { settled: settledIds.length, settledIds, open }
}

/** It may have been claimed before it broke. In conflict somebody has taken it up. */
async function putOff({ storage, newId, runtime }: Deps, { id }: OperationRow): Promise<void> {
  const { operation } = await storage.load({ operation: one('operations', { id }) })
  if (operation?.status !== 'open') return
  const dueAt = timestamp(runtime.now() + PUT_OFF_MS)
  await storage.commit({ id: newId('commit'), changes: [write('operations', { ...operation, dueAt })] })
}

/** Answers why the operation is still open, or undefined once it is not. */
async function settleOne(deps: Deps, operation: OperationRow): Promise<string | undefined> {
  try {
    await resumeOf[operation.kind](deps, operation)
    return undefined
  } catch (error) {
    if (!isFlorinError(error) || error.kind === 'defect') throw error
    return isStillOpen(error) ? error.code : undefined
  }
}
