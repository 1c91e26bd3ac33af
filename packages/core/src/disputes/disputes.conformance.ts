import { many, type Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { aStoredRow, commit, put } from '../testing/stored-rows.ts'

/** What a storage promises for disputes. */
export const disputePromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'finds all disputes of a payment, by its id and by the id at the gateway',
    async check(storage) {
      const payment = aStoredRow('transactions')
      const ofPayment = { paymentId: payment.id, paymentGatewayId: payment.gatewayId }
      const rows = [aStoredRow('disputes', ofPayment), aStoredRow('disputes', { ...ofPayment, status: 'lost' })]
      await commit(storage, put('transactions', payment), ...rows.map((row) => put('disputes', row)))
      const { byId, byGatewayId } = await storage.load({
        byId: many('disputes', { paymentId: payment.id }),
        byGatewayId: many('disputes', { paymentGatewayId: payment.gatewayId }),
      })
      expect(byId.map(({ id }) => id).sort()).toStrictEqual(rows.map(({ id }) => id).sort())
      expect(byGatewayId).toStrictEqual(byId)
    },
  },
]
