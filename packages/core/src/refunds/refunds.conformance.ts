import { many, type Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { gatewayId } from '../testing/rows.ts'
import { aStoredRow, commit, put } from '../testing/stored-rows.ts'

/** What a storage promises for refunds. */
export const refundPromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'stores a refund before its payment is known, and links it in the commit that brings the payment',
    async check(storage) {
      const payment = aStoredRow('transactions')
      const refund = aStoredRow('refunds', { paymentGatewayId: payment.gatewayId })
      expect(await commit(storage, put('refunds', refund))).toBe('committed')
      const linked = { ...refund, version: 1, paymentId: payment.id }
      expect(await commit(storage, put('refunds', linked), put('transactions', payment))).toBe('committed')
      const found = await storage.load({
        byPayment: many('refunds', { paymentId: payment.id }),
        byGatewayId: many('refunds', { paymentGatewayId: payment.gatewayId }),
      })
      expect(found).toStrictEqual({ byPayment: [{ ...linked, version: 2 }], byGatewayId: [{ ...linked, version: 2 }] })
    },
  },
  {
    it: 'stores a new payment and its refunds in one commit, the refunds first',
    async check(storage) {
      const payment = aStoredRow('transactions')
      const refunds = [1, 2].map(() => aStoredRow('refunds', { paymentId: payment.id }))
      const changes = [...refunds.map((refund) => put('refunds', refund)), put('transactions', payment)]
      expect(await commit(storage, ...changes)).toBe('committed')
    },
  },
  {
    it: 'commits one of two refunds that were decided on the same payment',
    async check(storage) {
      const payment = aStoredRow('transactions')
      await commit(storage, put('transactions', payment))
      const refundAll = () =>
        commit(
          storage,
          put('refunds', aStoredRow('refunds', { paymentId: payment.id, amount: 1000, gatewayId: gatewayId('re') })),
          put('transactions', { ...payment, version: 1, amountRefunded: 1000 }),
        )
      expect((await Promise.all([refundAll(), refundAll()])).sort()).toStrictEqual(['committed', 'conflict'])
      const { refunds } = await storage.load({ refunds: many('refunds', { paymentId: payment.id }) })
      expect(refunds).toHaveLength(1)
    },
  },
]
