import { keyStore } from '../src/data-keys/key-store.ts'
import { idMaker } from '../src/ids.ts'
import { nodeCipher } from '../src/node/index.ts'
import type { Happening } from '../src/ports/runtime.ts'
import { one, type Storage, write } from '../src/ports/storage.ts'
import type { StoredTables } from '../src/ports/tables.ts'
import { systemRuntime } from '../src/runtime.ts'
import { sealedStorage } from '../src/sealed-storage.ts'
import { aPaymentRow, newId } from '../src/testing/rows.ts'

export type Store = Storage<StoredTables>

export const ring = { current: { id: 'ring', bytes: new Uint8Array(32).fill(1) } }
export const nodes = nodeCipher(ring)

/** A process over a storage, with a clock of its own and what it asked of the storage. */
export function aProcess(
  inner: Store,
  { randomBytes = systemRuntime.randomBytes, now = (): number => 1_800_000_000_000, cipher = nodes } = {},
) {
  const counts = { loads: 0, commits: 0 }
  const counted: Store = {
    load: (query) => {
      counts.loads += 1
      return inner.load(query)
    },
    commit: (commit) => {
      counts.commits += 1
      return inner.commit(commit)
    },
  }
  const runtime = { ...systemRuntime, randomBytes, now }
  const keys = keyStore(counted, cipher, { runtime, newId: idMaker(systemRuntime) })
  const told: Happening[] = []
  const storage = sealedStorage(counted, keys, runtime, { tell: (happening) => void told.push(happening) })
  const take = () => {
    const taken = { ...counts }
    Object.assign(counts, { loads: 0, commits: 0 })
    return taken
  }
  return { storage, keys, take, told }
}

/** Writes a payment. */
export const pay = (
  storage: ReturnType<typeof aProcess>['storage'],
  payment = aPaymentRow({ description: 'a secret' }),
) => storage.commit({ id: newId('commit'), changes: [write('transactions', payment)] })

/** The description of a payment, as a process reads it. */
export const descriptionOf = async ({ storage }: ReturnType<typeof aProcess>, id: string) =>
  (await storage.load({ payment: one('transactions', { id }) })).payment?.description
