import { keyStore } from '../src/data-keys/key-store.ts'
import { idMaker } from '../src/ids.ts'
import { nodeCipher } from '../src/node/index.ts'
import type { Storage } from '../src/ports/storage.ts'
import type { StoredTables, Tables } from '../src/ports/tables.ts'
import { systemRuntime } from '../src/runtime.ts'
import { sealedStorage } from '../src/sealed-storage.ts'

/** The key of the ring that the tests' Florins share. */
export const testCipher = nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32).fill(7) } })

/** A storage as use cases see it: what is sealed in it opens, for a process that has seen none of it. */
export function opened(storage: Storage<StoredTables>): Storage<Tables> {
  const keys = keyStore(storage, testCipher, { runtime: systemRuntime, newId: idMaker(systemRuntime) })
  return sealedStorage(storage, keys, systemRuntime)
}
