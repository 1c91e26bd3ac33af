import type { Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { aStoredRow, commit, put, read } from '../testing/stored-rows.ts'

/** What a storage promises for subscriptions. */
export const subscriptionPromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'keeps the items of a subscription in their order',
    async check(storage) {
      const period = { currentPeriodStart: null, currentPeriodEnd: null }
      const items = ['si_3', 'si_1', 'si_2'].map((id) => ({ id, priceId: `price_${id}`, quantity: 1, ...period }))
      const row = aStoredRow('subscriptions', { items })
      await commit(storage, put('subscriptions', row))
      expect((await read(storage, 'subscriptions', row.id))?.items).toStrictEqual(items)
    },
  },
]
