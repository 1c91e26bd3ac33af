import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { newId } from '../testing/rows.ts'
import type { RateLimiter, Taken } from './rate-limiter.ts'

/** Makes a limiter over the store under test. Two with the same limit share their counts. */
export type MakeRateLimiter = (limit: { readonly points: number; readonly windowSeconds: number }) => RateLimiter

const takeMany = (limiter: RateLimiter, key: string, count: number): Promise<readonly Taken[]> =>
  Promise.all(Array.from({ length: count }, () => limiter.take(key)))

const allowedOf = (taken: readonly Taken[]): number => taken.filter(({ allowed }) => allowed).length

/** Everything that a RateLimiter promises while its store answers. */
export const rateLimiterPromises: readonly Promised<MakeRateLimiter>[] = [
  {
    it: 'counts down to zero, then refuses',
    async check(make) {
      const limiter = make({ points: 3, windowSeconds: 60 })
      const key = newId('tx')
      const taken: Taken[] = []
      for (let request = 0; request < 5; request += 1) taken.push(await limiter.take(key))
      expect(taken.map(({ allowed, limit, remaining }) => ({ allowed, limit, remaining }))).toStrictEqual([
        { allowed: true, limit: 3, remaining: 2 },
        { allowed: true, limit: 3, remaining: 1 },
        { allowed: true, limit: 3, remaining: 0 },
        { allowed: false, limit: 3, remaining: 0 },
        { allowed: false, limit: 3, remaining: 0 },
      ])
      for (const { resetSeconds } of taken) {
        expect(Number.isInteger(resetSeconds)).toBe(true)
        expect(resetSeconds).toBeGreaterThanOrEqual(50)
        expect(resetSeconds).toBeLessThanOrEqual(60)
      }
    },
  },
  {
    it: 'allows exactly the limit of many requests that come together',
    async check(make) {
      const limiter = make({ points: 7, windowSeconds: 60 })
      expect(allowedOf(await takeMany(limiter, newId('tx'), 50))).toBe(7)
    },
  },
  {
    it: 'counts each key by itself',
    async check(make) {
      const limiter = make({ points: 2, windowSeconds: 60 })
      const start = newId('tx')
      const keys = ['', ':', '{a}', '{a}b', ' ', '*', 'ü💶', '::1', 'x'.repeat(500)].map((key) => `${start}${key}`)
      const counts = await Promise.all(keys.map((key) => takeMany(limiter, key, 3)))
      expect(counts.map(allowedOf)).toStrictEqual(keys.map(() => 2))
    },
  },
  {
    it: 'counts each limit by itself',
    async check(make) {
      const key = newId('tx')
      expect(allowedOf(await takeMany(make({ points: 2, windowSeconds: 60 }), key, 5))).toBe(2)
      expect(allowedOf(await takeMany(make({ points: 3, windowSeconds: 60 }), key, 5))).toBe(3)
      expect(allowedOf(await takeMany(make({ points: 2, windowSeconds: 61 }), key, 5))).toBe(2)
    },
  },
  {
    it: 'allows the limit again after the window, and not before, however often it is asked',
    async check(make) {
      const limiter = make({ points: 2, windowSeconds: 1 })
      const key = newId('tx')
      const start = performance.now()
      expect(allowedOf(await takeMany(limiter, key, 2))).toBe(2)
      const began = performance.now()
      let taken = await limiter.take(key)
      while (!taken.allowed) {
        expect(taken.resetSeconds).toBe(1)
        // Refused requests must not make the window longer.
        expect(performance.now()).toBeLessThan(began + 5000)
        await new Promise((resolve) => setTimeout(resolve, 10))
        taken = await limiter.take(key)
      }
      // Two clocks may round differently by a few milliseconds.
      expect(performance.now()).toBeGreaterThan(start + 990)
      expect(taken.remaining).toBe(1)
      expect(allowedOf(await takeMany(limiter, key, 3))).toBe(1)
    },
  },
  {
    it: 'refuses a limit or a window that is no positive integer',
    async check(make) {
      for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(() => make({ points: wrong, windowSeconds: 1 })).toThrow(/points/)
        expect(() => make({ points: 1, windowSeconds: wrong })).toThrow(/windowSeconds/)
      }
    },
  },
]
