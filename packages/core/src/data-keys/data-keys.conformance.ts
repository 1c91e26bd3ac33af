import { type Change, many, one, type Storage } from '../ports/storage.ts'
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
  {
    it: 'answers conflict, and writes nothing, where a data key that the commit requires is not there, also beside others',
    async check(storage) {
      const keys = [aStoredRow('data_keys'), aStoredRow('data_keys')]
      const old = aStoredRow('transactions')
      await commit(storage, put('transactions', old), ...keys.map((key) => put('data_keys', key)))
      const there = keys.map(({ id }) => id)
      const sealedUnder = (requires: readonly string[], ...changes: readonly Change<StoredTables>[]) =>
        storage.commit({ id: newId('commit'), changes, requires })
      const fresh = Array.from({ length: 20 }, () => aStoredRow('leases'))
      const first = aStoredRow('leases')
      const results = [
        sealedUnder(there.slice(0, 1), put('leases', first)),
        sealedUnder([...there, newId('key')], put('transactions', { ...old, version: 1 })),
        ...fresh.map((row) => sealedUnder(there, put('leases', row))),
      ]
      expect(await Promise.all(results)).toStrictEqual(['committed', 'conflict', ...fresh.map(() => 'committed')])
      expect(await read(storage, 'transactions', old.id)).toStrictEqual({ ...old, version: 1 })
      for (const row of [first, ...fresh]) expect(await read(storage, 'leases', row.id)).toBeDefined()
      const alone = aStoredRow('leases')
      expect(await sealedUnder([newId('key')], put('leases', alone))).toBe('conflict')
      expect(await read(storage, 'leases', alone.id)).toBeUndefined()
      expect(await sealedUnder(there, put('transactions', { ...old, version: 1 }))).toBe('committed')
    },
  },
]
