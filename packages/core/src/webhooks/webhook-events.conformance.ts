import type { Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { gatewayId } from '../testing/rows.ts'
import { aStoredRow, commit, put, read } from '../testing/stored-rows.ts'

/** What a storage promises for webhook events. */
export const webhookEventPromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'stores an event once, with its effect once, when several deliveries come at the same time',
    async check(storage) {
      const payment = aStoredRow('transactions', { amountRefunded: 0 })
      await commit(storage, put('transactions', payment))
      const id = gatewayId('evt')
      const deliver = () =>
        commit(
          storage,
          put('webhook_events', aStoredRow('webhook_events', { id })),
          put('transactions', { ...payment, version: 1, amountRefunded: 100 }),
        )
      const results = await Promise.all(Array.from({ length: 5 }, deliver))
      expect(results.filter((result) => result === 'committed')).toHaveLength(1)
      expect(await read(storage, 'transactions', payment.id)).toMatchObject({ version: 2, amountRefunded: 100 })
    },
  },
  {
    it: 'brings back a payload of a megabyte byte for byte, and can let it go later',
    async check(storage) {
      const payload = Uint8Array.from({ length: 2 ** 20 }, (_, index) => (index * 31) % 256)
      const row = { ...aStoredRow('webhook_events'), payload }
      await commit(storage, put('webhook_events', row))
      const stored = await read(storage, 'webhook_events', row.id)
      expect(stored?.payload?.length).toBe(payload.length)
      expect(stored?.payload?.every((byte, index) => byte === payload[index])).toBe(true)
      expect(await commit(storage, put('webhook_events', { ...row, version: 1, payload: null }))).toBe('committed')
      expect((await read(storage, 'webhook_events', row.id))?.payload).toBeNull()
    },
  },
]
