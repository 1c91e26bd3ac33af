import type { Cache } from '../ports/cache.ts'
import type { Clock } from '../ports/runtime.ts'
import { systemRuntime } from '../runtime.ts'

export interface MemoryCacheOptions {
  /** Default: the system's clock. */
  readonly clock?: Clock
  /** Over this many entries the one that was not asked for the longest is forgotten. Default 10 000. */
  readonly maxEntries?: number
}

interface Entry {
  readonly value: string
  readonly until: number
}

/** A Cache in the memory of this process. Nothing is shared with another one: two servers may answer differently. */
export function memoryCache({ clock = systemRuntime, maxEntries = 10_000 }: MemoryCacheOptions = {}): Cache {
  // A Map keeps its keys in the order in which they were set, so the first one is the one that was used least recently.
  const entries = new Map<string, Entry>()
  return {
    async get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      if (entry.until <= clock.now()) return undefined
      entries.set(key, entry)
      return entry.value
    },
    async set(key, value, timeToLiveMs) {
      entries.delete(key)
      if (!(timeToLiveMs > 0)) return
      entries.set(key, { value, until: clock.now() + timeToLiveMs })
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries) break
        entries.delete(oldest)
      }
    },
    async delete(keys) {
      for (const key of keys) entries.delete(key)
    },
  }
}
