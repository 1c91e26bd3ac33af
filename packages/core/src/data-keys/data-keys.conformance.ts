import { many, one, type Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { newId } from '../testing/rows.ts'
import { aStoredRow, commit, put, read } from '../testing/stored-rows.ts'

/** What a storage promises for data keys. */
export const dataKeyPromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'stores the key of one of several commits that each bring a first key of the same user, and only its rows',
    async check(storage) {
      const subject = `user:${newId('tx')}`
      const commits = Array.from(
        { length: 5 },
        () => [aStoredRow('data_keys', { subject }), aStoredRow('leases')] as const,
      )
      const results = await Promise.all(
        commits.map(([key, beside]) => commit(storage, put('data_keys', key), put('leases', beside))),
      )
      expect(results.filter((result) => result === 'committed')).toHaveLength(1)
      const { keys } = await storage.load({ keys: many('data_keys', { subject }) })
      const winner = commits[results.indexOf('committed')]
      expect(keys.map(({ id }) => id)).toStrictEqual([winner?.[0].id])
      const beside = await Promise.all(commits.map(([, { id }]) => read(storage, 'leases', id)))
      expect(beside.filter((row) => row !== undefined).map(({ id }) => id)).toStrictEqual([winner?.[1].id])
    },
  },
  {
    it: 'lets a key be followed by another one in one commit, once',
    async check(storage) {
      const first = aStoredRow('data_keys')
      await commit(storage, put('data_keys', first))
      const follow = () => {
        const next = aStoredRow('data_keys', { subject: first.subject })
        return commit(storage, put('data_keys', { ...first, version: 1, isCurrent: false }), put('data_keys', next))
      }
      expect((await Promise.all([follow(), follow()])).sort()).toStrictEqual(['committed', 'conflict'])
      const { current } = await storage.load({ current: one('data_keys', { subject: first.subject, isCurrent: true }) })
      expect(current?.id).not.toBe(first.id)
    },
  },
]
