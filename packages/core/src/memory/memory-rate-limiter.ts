import type { RateLimiter } from '../ports/rate-limiter.ts'
import type { Clock } from '../ports/runtime.ts'
import { systemRuntime } from '../runtime.ts'

export interface MemoryRateLimiterOptions {
  /** How many a window allows for one key. */
  readonly points: number
  readonly windowSeconds: number
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined
}

interface Window {
  readonly end: number
  taken: number
}

/**
 * A RateLimiter in the memory of this process. A key's window begins with its first request. Each process counts by
 * itself: N of them allow N times as many.
 *
 * @throws RangeError when the points or the window are no positive integers
 */
export function memoryRateLimiter({
  points,
  windowSeconds,
  clock = systemRuntime,
}: MemoryRateLimiterOptions): RateLimiter {
  for (const [name, value] of Object.entries({ points, windowSeconds })) {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a positive integer`)
  }
  // In the order in which they began, which is also the order in which they end.
  const windows = new Map<string, Window>()

  const forgetEnded = (now: number): void => {
    for (const [key, { end }] of windows) {
      if (end > now) break
      windows.delete(key)
    }
  }

  return {
    async take(key) {
      const now = clock.now()
      forgetEnded(now)
      const window = windows.get(key) ?? { end: now + windowSeconds * 1000, taken: 0 }
      windows.set(key, window)
      window.taken += 1
      return {
        allowed: window.taken <= points,
        limit: points,
        remaining: Math.max(0, points - window.taken),
        resetSeconds: Math.max(1, Math.ceil((window.end - now) / 1000)),
      }
    },
  }
}
