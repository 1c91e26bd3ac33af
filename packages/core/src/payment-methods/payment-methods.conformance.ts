import { page, type Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { newId } from '../testing/rows.ts'
import { aStoredRow, commit, put } from '../testing/stored-rows.ts'

/** What a storage promises for payment methods. */
export const paymentMethodPromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'pages through the attached methods of a user only',
    async check(storage) {
      const userId = newId('tx')
      const attached = aStoredRow('payment_methods', { userId })
      const detached = aStoredRow('payment_methods', { userId, status: 'detached' })
      const foreign = aStoredRow('payment_methods', { userId: newId('tx') })
      await commit(storage, ...[attached, detached, foreign].map((row) => put('payment_methods', row)))
      const { methods } = await storage.load({
        methods: page('payment_methods', { userId, status: 'attached' }, { limit: 10 }),
      })
      expect(methods.map(({ id }) => id)).toStrictEqual([attached.id])
    },
  },
]
