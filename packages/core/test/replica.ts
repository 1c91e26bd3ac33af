import { createFlorin, type Florin, type Happening, type Settings } from '../src/index.ts'
import type { Storage } from '../src/ports/storage.ts'
import type { StoredTables } from '../src/ports/tables.ts'
import { systemRuntime } from '../src/runtime.ts'
import { testCipher } from './opened.ts'
import type { SandboxedFlorin } from './sandboxed-florin.ts'

/** Another process over the storage, the gateway and the clock of the first one. */
export function replicaOf(
  { storage, gateway, sandbox, happenings }: SandboxedFlorin,
  options: {
    storage?: (inner: Storage<StoredTables>) => Storage<StoredTables>
    settings?: Partial<Settings>
    observer?: { tell(happening: Happening): void }
  } = {},
): Florin {
  return createFlorin({
    storage: options.storage ? options.storage(storage) : storage,
    gateway,
    cipher: testCipher,
    runtime: { ...systemRuntime, now: () => sandbox.clock.now() * 1000 },
    observer: options.observer ?? { tell: (happening) => void happenings.push(happening) },
    ...(options.settings && { settings: options.settings }),
  })
}
