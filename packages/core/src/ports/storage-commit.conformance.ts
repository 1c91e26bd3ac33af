import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { newId } from '../testing/rows.ts'
import { aStoredRow, commit, put, read, tableNames } from '../testing/stored-rows.ts'
import type { Storage } from './storage.ts'
import type { StoredTables, TableName } from './tables.ts'

type Store = Storage<StoredTables>

const later = '2026-11-24T00:00:00.000Z'

const ofTable = (table: TableName): readonly Promised<Store>[] => [
  {
    it: `stores a new row of ${table} with version 1`,
    async check(storage) {
      const row = aStoredRow(table)
      expect(await commit(storage, put(table, row))).toBe('committed')
      expect(await read(storage, table, row.id)).toStrictEqual({ ...row, version: 1 })
    },
  },
  {
    it: `answers conflict for a new row of ${table} whose id is taken, and leaves the other one`,
    async check(storage) {
      const row = aStoredRow(table)
      await commit(storage, put(table, row))
      expect(await commit(storage, put(table, { ...aStoredRow(table), id: row.id }))).toBe('conflict')
      expect(await read(storage, table, row.id)).toStrictEqual({ ...row, version: 1 })
    },
  },
  {
    it: `writes nothing, without a conflict, for a row of ${table} that is there and should be only if absent`,
    async check(storage) {
      const row = aStoredRow(table)
      const beside = aStoredRow('leases')
      await commit(storage, put(table, row))
      const again = put(table, { ...aStoredRow(table), id: row.id }, { ifAbsent: true })
      expect(await commit(storage, again, put('leases', beside))).toBe('committed')
      expect(await read(storage, table, row.id)).toStrictEqual({ ...row, version: 1 })
      expect(await read(storage, 'leases', beside.id)).toBeDefined()
    },
  },
  {
    it: `writes a row of ${table} that should be only if absent, and is`,
    async check(storage) {
      const row = aStoredRow(table)
      expect(await commit(storage, put(table, row, { ifAbsent: true }))).toBe('committed')
      expect(await read(storage, table, row.id)).toStrictEqual({ ...row, version: 1 })
    },
  },
]

const ofChangingTable = (table: TableName): readonly Promised<Store>[] => [
  {
    it: `counts the versions of a row of ${table}`,
    async check(storage) {
      const row = aStoredRow(table)
      await commit(storage, put(table, row))
      for (const version of [1, 2, 3]) {
        expect(await commit(storage, put(table, { ...row, version, updatedAt: later }))).toBe('committed')
        expect(await read(storage, table, row.id)).toStrictEqual({ ...row, version: version + 1, updatedAt: later })
      }
    },
  },
  {
    it: `answers conflict for a version of a row of ${table} that has passed or not come yet, and changes nothing`,
    async check(storage) {
      const row = aStoredRow(table)
      await commit(storage, put(table, row))
      await commit(storage, put(table, { ...row, version: 1 }))
      for (const version of [1, 3]) {
        expect(await commit(storage, put(table, { ...row, version, updatedAt: later }))).toBe('conflict')
      }
      expect(await read(storage, table, row.id)).toStrictEqual({ ...row, version: 2 })
    },
  },
  {
    it: `answers conflict for a version of a row of ${table} that is not there, and makes none`,
    async check(storage) {
      const row = aStoredRow(table)
      expect(await commit(storage, put(table, { ...row, version: 1 }))).toBe('conflict')
      expect(await read(storage, table, row.id)).toBeUndefined()
    },
  },
]

/** One change of every table, new rows and replaced ones. */
async function changesOfAllTables(storage: Store) {
  const old = tableNames.filter((table) => table !== 'audit_log').map((table) => ({ table, row: aStoredRow(table) }))
  await commit(storage, ...old.map(({ table, row }) => put(table, row)))
  const fresh = tableNames.map((table) => ({ table, row: aStoredRow(table) }))
  const changes = [
    ...old.map(({ table, row }) => put(table, { ...row, version: 1, updatedAt: later })),
    ...fresh.map(({ table, row }) => put(table, row)),
  ]
  const expectNothing = async () => {
    for (const { table, row } of old) expect(await read(storage, table, row.id)).toStrictEqual({ ...row, version: 1 })
    for (const { table, row } of fresh) expect(await read(storage, table, row.id)).toBeUndefined()
  }
  const expectAll = async () => {
    for (const { table, row } of old) {
      expect(await read(storage, table, row.id)).toStrictEqual({ ...row, version: 2, updatedAt: later })
    }
    for (const { table, row } of fresh) expect(await read(storage, table, row.id)).toStrictEqual({ ...row, version: 1 })
  }
  return { changes, expectNothing, expectAll }
}

/** Changes a row in place, deep inside too. */
function spoil(row: StoredTables['subscriptions'] | undefined): void {
  for (const item of row?.items ?? []) Object.assign(item, { priceId: 'another' })
  Object.assign(row?.observed ?? {}, { spoiled: { rank: 1, stamp: 1 } })
  Object.assign(row ?? {}, { userId: 'somebody else' })
}

/** What a commit promises: everything or nothing, and only on the versions that it was decided on. */
export const commitPromises: readonly Promised<Store>[] = [
  ...tableNames.flatMap(ofTable),
  ...tableNames.filter((table) => table !== 'audit_log').flatMap(ofChangingTable),
  {
    it: 'writes changes of all tables together',
    async check(storage) {
      const { changes, expectAll } = await changesOfAllTables(storage)
      expect(await commit(storage, ...changes)).toBe('committed')
      await expectAll()
    },
  },
  {
    it: 'writes nothing when the first, the middle or the last of many changes was decided on an old version',
    async check(storage) {
      for (const table of ['transactions', 'disputes', 'outbox'] as const) {
        const moved = aStoredRow(table)
        await commit(storage, put(table, moved))
        await commit(storage, put(table, { ...moved, version: 1 }))
        const { changes, expectNothing } = await changesOfAllTables(storage)
        expect(await commit(storage, ...changes, put(table, { ...moved, version: 1 }))).toBe('conflict')
        await expectNothing()
      }
    },
  },
  {
    it: 'writes nothing when one of several versions of one table has passed',
    async check(storage) {
      const rows = [1, 2, 3].map(() => aStoredRow('refunds'))
      await commit(storage, ...rows.map((row) => put('refunds', row)))
      const [first, ...rest] = rows
      if (!first) throw new Error('three rows were made')
      await commit(storage, put('refunds', { ...first, version: 1 }))
      const changes = rows.map((row) => put('refunds', { ...row, version: 1, updatedAt: later }))
      expect(await commit(storage, ...changes)).toBe('conflict')
      for (const row of rest) expect(await read(storage, 'refunds', row.id)).toStrictEqual({ ...row, version: 1 })
    },
  },
  {
    it: 'writes nothing when the last of many changes clashes with an id',
    async check(storage) {
      for (const table of ['transactions', 'audit_log'] as const) {
        const taken = aStoredRow(table)
        await commit(storage, put(table, taken))
        const { changes, expectNothing } = await changesOfAllTables(storage)
        expect(await commit(storage, ...changes, put(table, taken))).toBe('conflict')
        await expectNothing()
      }
    },
  },
  {
    it: 'writes nothing when the last of many changes clashes with a unique key',
    async check(storage) {
      const taken = aStoredRow('outbox')
      await commit(storage, put('outbox', taken))
      const { changes, expectNothing } = await changesOfAllTables(storage)
      expect(await commit(storage, ...changes, put('outbox', { ...taken, id: newId('event') }))).toBe('conflict')
      await expectNothing()
    },
  },
  {
    it: 'writes a row that should be only if absent only when the rest of its commit is written',
    async check(storage) {
      const taken = aStoredRow('leases')
      await commit(storage, put('leases', taken))
      const event = aStoredRow('outbox')
      expect(await commit(storage, put('outbox', event, { ifAbsent: true }), put('leases', taken))).toBe('conflict')
      expect(await read(storage, 'outbox', event.id)).toBeUndefined()
    },
  },
  {
    it: 'answers conflict when a commit is sent again, and writes nothing twice',
    async check(storage) {
      const old = aStoredRow('transactions')
      await commit(storage, put('transactions', old))
      const again = {
        id: newId('commit'),
        changes: [put('transactions', { ...old, version: 1 }), put('audit_log', aStoredRow('audit_log'))],
      }
      expect(await storage.commit(again)).toBe('committed')
      expect(await storage.commit(again)).toBe('conflict')
      expect(await read(storage, 'transactions', old.id)).toStrictEqual({ ...old, version: 2 })
    },
  },
  {
    it: 'takes many commits at once and judges each by itself, whatever is wrong with others',
    async check(storage) {
      const [taken, moved, shared] = [aStoredRow('operations'), aStoredRow('outbox'), aStoredRow('leases')]
      await commit(storage, put('operations', taken), put('outbox', moved), put('leases', shared))
      await commit(storage, put('outbox', { ...moved, version: 1 }))
      const rows = Array.from({ length: 60 }, () => aStoredRow('transactions'))
      const [twice] = rows
      if (!twice) throw new Error('rows were made')
      const beside = aStoredRow('customers')
      const pay = (row: StoredTables['transactions']) =>
        commit(storage, put('transactions', row), put('audit_log', aStoredRow('audit_log')))
      const rightly = rows.slice(0, 30).map(pay)
      const wrong = [
        commit(storage, put('operations', { ...aStoredRow('operations'), id: taken.id }), put('customers', beside)),
        commit(storage, put('outbox', { ...moved, version: 1 }), put('customers', beside)),
        commit(storage, put('outbox', { ...moved, version: 5 })),
      ]
      const refused = commit(storage, put('transactions', twice), put('transactions', { ...twice, gatewayId: null }))
      const racing = [1, 2, 3].map(() => commit(storage, put('leases', { ...shared, version: 1, updatedAt: later })))
      rightly.push(...rows.slice(30).map(pay))

      await expect(refused).rejects.toMatchObject({ kind: 'defect' })
      expect(await Promise.all(wrong)).toStrictEqual(['conflict', 'conflict', 'conflict'])
      expect(await Promise.all(rightly)).toStrictEqual(rows.map(() => 'committed'))
      expect((await Promise.all(racing)).sort()).toStrictEqual(['committed', 'conflict', 'conflict'])
      expect(await read(storage, 'customers', beside.id)).toBeUndefined()
      for (const row of rows) expect(await read(storage, 'transactions', row.id)).toStrictEqual({ ...row, version: 1 })
      expect(await read(storage, 'leases', shared.id)).toStrictEqual({ ...shared, version: 2, updatedAt: later })
    },
  },
  {
    it: 'writes changes of all tables of many commits at once, each whole or not at all',
    async check(storage) {
      const [first, second, late] = [
        await changesOfAllTables(storage),
        await changesOfAllTables(storage),
        await changesOfAllTables(storage),
      ]
      const moved = aStoredRow('invoices')
      await commit(storage, put('invoices', moved))
      await commit(storage, put('invoices', { ...moved, version: 1 }))
      const filler = [1, 2, 3].map(() => commit(storage, put('leases', aStoredRow('leases'))))
      const results = [
        commit(storage, ...first.changes),
        commit(storage, ...late.changes, put('invoices', { ...moved, version: 1 })),
        commit(storage, ...second.changes),
      ]
      expect(await Promise.all(filler)).toStrictEqual(['committed', 'committed', 'committed'])
      expect(await Promise.all(results)).toStrictEqual(['committed', 'conflict', 'committed'])
      await first.expectAll()
      await late.expectNothing()
      await second.expectAll()
    },
  },
  {
    it: 'commits a commit without changes',
    async check(storage) {
      expect(await commit(storage)).toBe('committed')
    },
  },
  {
    it: 'refuses a commit that changes one row twice, and writes nothing',
    async check(storage) {
      const row = aStoredRow('transactions')
      const twice = commit(storage, put('transactions', row), put('transactions', { ...row, gatewayId: null }))
      await expect(twice).rejects.toMatchObject({ kind: 'defect' })
      expect(await read(storage, 'transactions', row.id)).toBeUndefined()
    },
  },
  {
    it: 'refuses to write a row only if absent that claims to be there',
    async check(storage) {
      const row = { ...aStoredRow('outbox'), version: 1 }
      await expect(commit(storage, put('outbox', row, { ifAbsent: true }))).rejects.toMatchObject({ kind: 'defect' })
    },
  },
  {
    it: 'keeps what was committed, whatever is done to the objects that went in or came out',
    async check(storage) {
      const row = aStoredRow('subscriptions')
      const given = structuredClone(row)
      const done = commit(storage, put('subscriptions', given))
      spoil(given)
      await done
      spoil(await read(storage, 'subscriptions', row.id))
      expect(await read(storage, 'subscriptions', row.id)).toStrictEqual({ ...row, version: 1 })
    },
  },
]
