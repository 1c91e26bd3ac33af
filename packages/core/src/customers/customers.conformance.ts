import { many, one, type Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { newId } from '../testing/rows.ts'
import { aStoredRow, commit, put } from '../testing/stored-rows.ts'

/** What a storage promises for customers. */
export const customerPromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'lets a user have one primary customer among many, whoever comes first',
    async check(storage) {
      const userId = newId('tx')
      const primary = () => put('customers', aStoredRow('customers', { userId, isPrimary: true }))
      const results = await Promise.all(Array.from({ length: 6 }, () => commit(storage, primary())))
      expect(results.filter((result) => result === 'committed')).toHaveLength(1)
      const other = put('customers', aStoredRow('customers', { userId }))
      expect(await commit(storage, other)).toBe('committed')
      const { primaries } = await storage.load({ primaries: many('customers', { userId, isPrimary: true }) })
      expect(primaries).toHaveLength(1)
    },
  },
  {
    it: 'makes another customer the primary one in the commit that retires the first',
    async check(storage) {
      const userId = newId('tx')
      const first = aStoredRow('customers', { userId, isPrimary: true })
      const second = aStoredRow('customers', { userId, isPrimary: true })
      await commit(storage, put('customers', first))
      const retired = put('customers', { ...first, version: 1, isPrimary: false, deleted: true })
      expect(await commit(storage, put('customers', second), retired)).toBe('committed')
      const { primary } = await storage.load({ primary: one('customers', { userId, isPrimary: true }) })
      expect(primary?.id).toBe(second.id)
    },
  },
  {
    it: 'lets customers of nobody be primary, all of them',
    async check(storage) {
      const nobodys = () => put('customers', aStoredRow('customers', { userId: null, isPrimary: true }))
      expect(await commit(storage, nobodys(), nobodys())).toBe('committed')
    },
  },
]
