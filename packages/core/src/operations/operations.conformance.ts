import { many, one, type Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { newId } from '../testing/rows.ts'
import { aStoredRow, commit, put, read } from '../testing/stored-rows.ts'

/** What a storage promises for operations and their leases. */
export const operationPromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'starts one operation for a key, however often and however fast the caller sends it',
    async check(storage) {
      const caller = { callerScope: newId('tx'), callerKey: 'key' }
      const start = () => {
        const payment = aStoredRow('transactions', { reference: caller.callerScope })
        const operation = aStoredRow('operations', { ...caller, objectId: payment.id })
        return commit(storage, put('operations', operation), put('transactions', payment))
      }
      const results = await Promise.all(Array.from({ length: 6 }, start))
      expect(results.filter((result) => result === 'committed')).toHaveLength(1)
      const { operations } = await storage.load({ operations: many('operations', caller) })
      expect(operations).toHaveLength(1)
      // The winner's payment is there: a loser's was rolled back, not the winner's.
      expect(await read(storage, 'transactions', operations[0]?.objectId ?? '')).toBeDefined()
    },
  },
  {
    it: 'hands an expired key over to one new operation, however many ask for it at the same time',
    async check(storage) {
      const caller = { callerScope: newId('tx'), callerKey: 'key' }
      const old = aStoredRow('operations', { ...caller, status: 'done' })
      await commit(storage, put('operations', old))
      const released = put('operations', { ...old, version: 1, callerScope: null, callerKey: null })
      const heirs = Array.from({ length: 8 }, () => aStoredRow('operations', caller))
      const outcomes = await Promise.all(heirs.map((heir) => commit(storage, released, put('operations', heir))))
      expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1)
      const { holder } = await storage.load({ holder: one('operations', caller) })
      expect(holder?.id).toBe(heirs[outcomes.indexOf('committed')]?.id)
    },
  },
  {
    it: 'keeps the same key of two callers apart',
    async check(storage) {
      const [a, b] = [newId('tx'), newId('tx')]
      const rows = [a, b].map((callerScope) => aStoredRow('operations', { callerScope, callerKey: 'key' }))
      expect(await commit(storage, ...rows.map((row) => put('operations', row)))).toBe('committed')
      const { found } = await storage.load({ found: one('operations', { callerScope: b, callerKey: 'key' }) })
      expect(found?.id).toBe(rows[1]?.id)
    },
  },
  {
    it: 'finds open operations until they are done',
    async check(storage) {
      const row = aStoredRow('operations')
      const openIds = async () =>
        (await storage.load({ open: many('operations', { status: 'open' }) })).open.map(({ id }) => id)
      await commit(storage, put('operations', row))
      expect(await openIds()).toContain(row.id)
      await commit(storage, put('operations', { ...row, version: 1, status: 'done' }))
      expect(await openIds()).not.toContain(row.id)
    },
  },
  {
    it: 'gives a lease to one of several operations that ask for it at the same time',
    async check(storage) {
      const lease = aStoredRow('leases')
      await commit(storage, put('leases', lease))
      const take = async () => {
        const operation = aStoredRow('operations', { leaseId: lease.id })
        const taken = put('leases', { ...lease, version: 1, operationId: operation.id })
        return (await commit(storage, put('operations', operation), taken)) === 'committed' ? operation.id : undefined
      }
      const winners = (await Promise.all(Array.from({ length: 6 }, take))).filter((id) => id !== undefined)
      expect(winners).toHaveLength(1)
      expect((await read(storage, 'leases', lease.id))?.operationId).toBe(winners[0])
    },
  },
]
