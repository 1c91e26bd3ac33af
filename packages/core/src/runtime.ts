import type { Runtime } from './ports/runtime.ts'

const POOL_BYTES = 4096

/** Random bytes out of a pool: asking the platform costs more than what it gives, and ids and nonces are small. */
function pooledRandomBytes(): Runtime['randomBytes'] {
  let pool = new Uint8Array(0)
  let used = 0
  return (count) => {
    if (count > POOL_BYTES / 8) return crypto.getRandomValues(new Uint8Array(count))
    if (used + count > pool.length) {
      pool = crypto.getRandomValues(new Uint8Array(POOL_BYTES))
      used = 0
    }
    const bytes = pool.slice(used, used + count)
    // What was given out may be secret, and is nobody else's.
    pool.fill(0, used, used + count)
    used += count
    return bytes
  }
}

/** The real clock, the platform's randomness and its timers: what every program but a test uses. */
export const systemRuntime: Runtime = {
  now: () => Date.now(),
  randomBytes: pooledRandomBytes(),
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
}
