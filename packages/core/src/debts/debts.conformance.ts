import type { Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { newId } from '../testing/rows.ts'
import { aStoredRow, commit, put, read } from '../testing/stored-rows.ts'
import { debtId } from './debt.ts'

/** What a storage promises for debts. */
export const debtPromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'gives a new debt to one of two payments that claim it at once, and stores only that payment',
    async check(storage) {
      const id = debtId('user_1', newId('tx'))
      const payments = [aStoredRow('transactions'), aStoredRow('transactions')]
      const claims = payments.map((payment) =>
        commit(storage, put('transactions', payment), put('debts', aStoredRow('debts', { id, holder: payment.id }))),
      )
      expect((await Promise.all(claims)).sort()).toStrictEqual(['committed', 'conflict'])
      const stored = await Promise.all(payments.map((payment) => read(storage, 'transactions', payment.id)))
      const [winner, ...others] = stored.filter((payment) => payment !== undefined)
      expect([(await read(storage, 'debts', id))?.holder, others]).toStrictEqual([winner?.id, []])
    },
  },
  {
    it: 'gives a debt that is free again to one of two payments that claim it at once',
    async check(storage) {
      const free = aStoredRow('debts')
      await commit(storage, put('debts', free))
      const claim = () => commit(storage, put('debts', { ...free, version: 1, holder: newId('tx') }))
      expect((await Promise.all([claim(), claim()])).sort()).toStrictEqual(['committed', 'conflict'])
    },
  },
  {
    it: 'keeps debts apart whose references differ only in case, blanks or their last character',
    async check(storage) {
      const reference = `${newId('tx')} ${'é'.repeat(200)}`
      const references = [reference, reference.toUpperCase(), ` ${reference}`, `${reference} `, `${reference}x`]
      const rows = references.map((one) => aStoredRow('debts', { id: debtId('user_1', one), reference: one }))
      expect(await commit(storage, ...rows.map((row) => put('debts', row)))).toBe('committed')
      for (const row of rows) expect(await read(storage, 'debts', row.id)).toStrictEqual({ ...row, version: 1 })
    },
  },
]
