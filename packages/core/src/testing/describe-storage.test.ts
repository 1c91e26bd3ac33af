import { expect, test } from 'vitest'
import { memoryStorage } from '../memory/index.ts'
import { describeStorage, storagePromises } from './index.ts'

const open = async () => ({ storage: memoryStorage(), close: async () => {} })

test('refuses to skip what nobody promises', () => {
  const skip = [{ it: 'keeps a promise that was renamed', because: 'it could not once' }]
  expect(() => describeStorage({ name: 'some storage', open, skip })).toThrow('keeps a promise that was renamed')
})

test('has one promise of each name, so that a skip means one', () => {
  const names = storagePromises.map(({ it }) => it)
  expect(new Set(names).size).toBe(names.length)
})

test('keeps its promises on a storage that already holds their rows from before', async () => {
  const storage = memoryStorage()
  for (const run of [1, 2]) {
    for (const { it, check } of storagePromises) {
      await expect(check(storage), `${it}, run ${run}`).resolves.toBeUndefined()
    }
  }
}, 60_000)
