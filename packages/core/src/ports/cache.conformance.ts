import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { newId } from '../testing/rows.ts'
import type { Cache } from './cache.ts'

const MINUTE = 60_000

/** Everything that a Cache promises while its store answers. */
export const cachePromises: readonly Promised<Cache>[] = [
  {
    it: 'answers what was set',
    async check(cache) {
      const key = newId('tx')
      await cache.set(key, 'kept', MINUTE)
      expect(await cache.get(key)).toBe('kept')
      expect(await cache.get(key)).toBe('kept')
    },
  },
  {
    it: 'answers undefined for a key that was never set',
    async check(cache) {
      expect(await cache.get(newId('tx'))).toBeUndefined()
    },
  },
  {
    it: 'answers the latest of several values, with its own time to live',
    async check(cache) {
      const key = newId('tx')
      await cache.set(key, 'first', 1)
      await cache.set(key, 'second', MINUTE)
      await cache.set(key, 'third', MINUTE)
      await later(20)
      expect(await cache.get(key)).toBe('third')
    },
  },
  {
    it: 'keeps texts of every kind apart and unchanged, under keys of every kind',
    async check(cache) {
      const texts = ['', ' ', '0', 'null', '{"a":1}', 'line\nbreak\0zero', '💶 naïve', 'x'.repeat(100_000)]
      const keys = ['', '{a}', '{a}b', 'a b', 'ü:💶', '*', '0', 'x'.repeat(500)].map((key) => `${newId('tx')}${key}`)
      await Promise.all(keys.map((key, index) => cache.set(key, texts[index] ?? '', MINUTE)))
      expect(await Promise.all(keys.map((key) => cache.get(key)))).toStrictEqual(texts)
    },
  },
  {
    it: 'forgets a value when its time to live is over, and never answers it later',
    async check(cache) {
      const key = newId('tx')
      await cache.set(key, 'short', 80)
      const end = performance.now() + 80
      let found: string | undefined
      do {
        const asked = performance.now()
        found = await cache.get(key)
        // One millisecond is what two clocks may round differently.
        if (asked > end + 1) expect(found).toBeUndefined()
        await later(5)
      } while (found !== undefined || performance.now() < end + 20)
    },
  },
  {
    it: 'keeps nothing that has no time to live, and forgets what was there',
    async check(cache) {
      const key = newId('tx')
      for (const none of [0, -1, Number.NaN]) {
        await cache.set(key, 'old', MINUTE)
        await cache.set(key, 'new', none)
        expect(await cache.get(key)).toBeUndefined()
      }
    },
  },
  {
    it: 'takes any time to live that is a positive number',
    async check(cache) {
      for (const time of [0.5, 1500.75, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
        const key = newId('tx')
        await cache.set(key, 'kept', time)
        if (time > 1) expect(await cache.get(key)).toBe('kept')
      }
    },
  },
  {
    it: 'forgets all keys that are deleted, and no other',
    async check(cache) {
      const [first, second, other] = [newId('tx'), newId('tx'), newId('tx')]
      await Promise.all([first, second, other].map((key) => cache.set(key, 'kept', MINUTE)))
      await cache.delete([first, newId('tx'), second])
      expect(await cache.get(first)).toBeUndefined()
      expect(await cache.get(second)).toBeUndefined()
      expect(await cache.get(other)).toBe('kept')
      await cache.delete([])
      expect(await cache.get(other)).toBe('kept')
    },
  },
  {
    it: 'answers what was set after a delete',
    async check(cache) {
      const key = newId('tx')
      await cache.set(key, 'old', MINUTE)
      await cache.delete([key])
      await cache.set(key, 'new', MINUTE)
      expect(await cache.get(key)).toBe('new')
    },
  },
]

const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
