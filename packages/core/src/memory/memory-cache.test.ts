import { expect, test } from 'vitest'
import { describeCache } from '../testing/index.ts'
import { memoryCache } from './index.ts'

describeCache({
  name: 'memory cache',
  open: async () => ({ cache: memoryCache(), close: async () => {} }),
})

test('forgets what was not asked for the longest when it is full', async () => {
  const cache = memoryCache({ maxEntries: 2 })
  await cache.set('a', '1', 1000)
  await cache.set('b', '2', 1000)
  await cache.get('a')
  await cache.set('c', '3', 1000)
  expect(await Promise.all(['a', 'b', 'c'].map((key) => cache.get(key)))).toStrictEqual(['1', undefined, '3'])
})

test('goes by the clock it is given', async () => {
  let now = 0
  const cache = memoryCache({ clock: { now: () => now } })
  await cache.set('a', '1', 1000)
  now = 999
  expect(await cache.get('a')).toBe('1')
  now = 1000
  expect(await cache.get('a')).toBeUndefined()
})
