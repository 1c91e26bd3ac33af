import { florin } from '../actor.ts'
import { type DataKeyRow, userOfSubject } from '../data-keys/data-key.ts'
import type { Deps } from '../deps.ts'
import { isFlorinError } from '../errors.ts'
import { due, write } from '../ports/storage.ts'
import { timestamp } from '../time.ts'
import { goOnErasing } from './go-on-erasing.ts'

/** What going on with erasures came to. */
export interface ErasuresFinished {
  readonly erased: number
  /** Users that are still being erased, with why where something failed. */
  readonly left: readonly { readonly userId: string; readonly code?: string }[]
}

const LEASE_MS = 60_000

/** Goes on with the erasures whose time has come; `Maintenance.erase` says what is promised. */
export async function finishErasures(
  deps: Deps,
  { limit = 10 }: { limit?: number | undefined } = {},
): Promise<ErasuresFinished> {
  const { keys } = await deps.storage.load({ keys: due('data_keys', timestamp(deps.runtime.now()), limit) })
  let erased = 0
  const left: ErasuresFinished['left'][number][] = []
  for (const key of keys) {
    const userId = userOfSubject(key.subject)
    if (!(await claim(deps, key))) continue
    try {
      const { status } = await goOnErasing(deps, userId, { actor: florin })
      if (status === 'erased') erased += 1
      else left.push({ userId })
    } catch (error) {
      if (!isFlorinError(error)) throw error
      left.push({ userId, code: error.code })
    }
  }
  return { erased, left }
}

/** Takes an erasure for a minute; it is due again then, unless it has come to its end. */
async function claim({ storage, runtime, newId }: Deps, key: DataKeyRow): Promise<boolean> {
  const now = runtime.now()
  const mine = { ...key, dueAt: timestamp(now + LEASE_MS), updatedAt: timestamp(now) }
  return (await storage.commit({ id: newId('commit'), changes: [write('data_keys', mine)] })) === 'committed'
}
