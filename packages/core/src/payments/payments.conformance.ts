import type { Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { aStoredRow, commit, put, read } from '../testing/stored-rows.ts'

/** What a storage promises for payments. */
export const paymentPromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'stores sums of a payment that contradict each other, as the gateway told them',
    async check(storage) {
      const sums = { amount: 0, amountCapturable: 5, amountCaptured: 10, amountRefunded: 20, chargeRefunded: 30 }
      const row = aStoredRow('transactions', sums)
      expect(await commit(storage, put('transactions', row))).toBe('committed')
      expect(await read(storage, 'transactions', row.id)).toMatchObject(sums)
    },
  },
  {
    it: 'stores two payments of one customer with the same gateway customer, method and reference',
    async check(storage) {
      const same = { userId: 'user_2', customerId: 'cus_2', paymentMethod: 'pm_2', reference: 'order 2' }
      const rows = [aStoredRow('transactions', same), aStoredRow('transactions', same)]
      expect(await commit(storage, ...rows.map((row) => put('transactions', row)))).toBe('committed')
    },
  },
]
