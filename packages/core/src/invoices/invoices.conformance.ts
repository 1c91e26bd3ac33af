import { page, type Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { gatewayId } from '../testing/rows.ts'
import { aStoredRow, commit, put } from '../testing/stored-rows.ts'

/** What a storage promises for invoices. */
export const invoicePromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'stores an invoice before its subscription is known, and links it later',
    async check(storage) {
      const subscriptionGatewayId = gatewayId('sub')
      const invoice = aStoredRow('invoices', { subscriptionGatewayId })
      expect(await commit(storage, put('invoices', invoice))).toBe('committed')
      const subscription = aStoredRow('subscriptions', { gatewayId: subscriptionGatewayId })
      const linked = { ...invoice, version: 1, subscriptionId: subscription.id }
      expect(await commit(storage, put('invoices', linked), put('subscriptions', subscription))).toBe('committed')
      const found = await storage.load({
        byId: page('invoices', { subscriptionId: subscription.id }, { limit: 10 }),
        byGatewayId: page('invoices', { subscriptionGatewayId }, { limit: 10 }),
      })
      expect(found.byId).toStrictEqual([{ ...linked, version: 2 }])
      expect(found.byGatewayId).toStrictEqual(found.byId)
    },
  },
  {
    it: 'stores sums of an invoice below zero, as credits and overpayments make them',
    async check(storage) {
      const row = aStoredRow('invoices', { amountDue: -500, amountPaid: 0, amountRemaining: -500 })
      expect(await commit(storage, put('invoices', row))).toBe('committed')
    },
  },
]
