import { expect, test } from 'vitest'
import { describeRateLimiter } from '../testing/index.ts'
import { memoryRateLimiter } from './index.ts'

describeRateLimiter({
  name: 'memory rate limiter',
  async open() {
    const limiters = new Map<string, ReturnType<typeof memoryRateLimiter>>()
    return {
      make(limit) {
        const name = JSON.stringify(limit)
        const limiter = limiters.get(name) ?? memoryRateLimiter(limit)
        limiters.set(name, limiter)
        return limiter
      },
      close: async () => {},
    }
  },
})

test('a window begins with the first request and ends exactly when it should', async () => {
  let now = 5000
  const limiter = memoryRateLimiter({ points: 1, windowSeconds: 60, clock: { now: () => now } })
  expect(await limiter.take('a')).toStrictEqual({ allowed: true, limit: 1, remaining: 0, resetSeconds: 60 })
  now = 64_999
  expect(await limiter.take('a')).toStrictEqual({ allowed: false, limit: 1, remaining: 0, resetSeconds: 1 })
  now = 65_000
  expect(await limiter.take('a')).toStrictEqual({ allowed: true, limit: 1, remaining: 0, resetSeconds: 60 })
})
