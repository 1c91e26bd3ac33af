import { aCompleteRow, nullableColumns, parentsOf } from '../testing/every-column.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { gatewayId, newId } from '../testing/rows.ts'
import { aStoredRow, commit, find, put, tableNames } from '../testing/stored-rows.ts'
import { type FindNext, many, next, one, page, type Storage } from './storage.ts'
import type { Searchable, StoredTables, TableName } from './tables.ts'

type Store = Storage<StoredTables>
type Cells = Readonly<Record<string, unknown>>

/** The searchable columns again, as values; the type makes sure that none is left out. */
const searchable: { readonly [T in TableName]: Readonly<Record<Searchable[T], true>> } = {
  transactions: { id: true, gatewayId: true, userId: true, customerId: true },
  customers: { id: true, userId: true, isPrimary: true },
  payment_methods: { id: true, gatewayId: true, userId: true, customerId: true, status: true },
  subscriptions: { id: true, gatewayId: true, userId: true, customerId: true },
  invoices: {
    ...{ id: true, gatewayId: true, userId: true, customerId: true },
    ...{ subscriptionId: true, subscriptionGatewayId: true },
  },
  refunds: { id: true, gatewayId: true, userId: true, paymentId: true, paymentGatewayId: true },
  disputes: { id: true, gatewayId: true, userId: true, paymentId: true, paymentGatewayId: true },
  debts: { id: true },
  webhook_events: { id: true, occurredAt: true, status: true, type: true, ownerId: true },
  operations: { id: true, userId: true, callerScope: true, callerKey: true, status: true },
  leases: { id: true },
  outbox: { id: true, objectId: true, status: true },
  audit_log: { id: true, objectId: true },
  bookmarks: { id: true },
  data_keys: { id: true, subject: true, isCurrent: true, wrappedBy: true },
}

const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id)

// Columns are looked at by name here: which ones can be searched is data, so the types cannot follow.
const cells = (row: object): Cells => ({ ...row })

/** The row with another value in a column; most columns of complete rows have one of their own anyway. */
function unlike<Row extends object>(row: Row, column: string, value: unknown): Row {
  if (cells(row)[column] !== value) return row
  const other = column === 'occurredAt' ? at(1) : 'another'
  return { ...row, [column]: typeof value === 'boolean' ? !value : other }
}

const ofColumn = (table: TableName, column: string): readonly Promised<Store>[] => {
  const nullable = column in nullableColumns[table]
  return [
    {
      it: `finds rows of ${table} by ${column}, and no others`,
      async check(storage) {
        const wanted = aCompleteRow(table)
        const value = cells(wanted)[column]
        const other = unlike(aCompleteRow(table), column, value)
        await commit(storage, ...[wanted, other].flatMap((row) => [...parentsOf(row), put(table, row)]))
        const found = await find(storage, table, { [column]: value })
        expect(found).toContainEqual({ ...wanted, version: 1 })
        expect(ids(found)).not.toContain(other.id)
      },
    },
    ...(nullable
      ? [
          {
            it: `finds rows of ${table} where ${column} is not set`,
            async check(storage: Store) {
              const [wanted, other] = [{ ...aCompleteRow(table), [column]: null }, aCompleteRow(table)]
              await commit(storage, ...[wanted, other].flatMap((row) => [...parentsOf(row), put(table, row)]))
              expect(ids(await find(storage, table, { [column]: null, id: wanted.id }))).toStrictEqual([wanted.id])
              expect(await find(storage, table, { [column]: null, id: other.id })).toStrictEqual([])
            },
          },
        ]
      : []),
  ]
}

/** Payments of one new user at given times, stored in an order that is neither theirs nor that of their ids. */
async function paymentsAt(storage: Store, ...times: readonly string[]) {
  const userId = newId('tx')
  const rows = times.map((createdAt) => aStoredRow('transactions', { userId, createdAt }))
  const shuffled = [...rows].sort((a, b) => (String(a.gatewayId) < String(b.gatewayId) ? -1 : 1))
  for (const row of shuffled) await commit(storage, put('transactions', row))
  const oldest = rows.map((row) => ({ ...row, version: 1 })).sort((a, b) => (place(a) < place(b) ? -1 : 1))
  return { userId, oldest, newest: [...oldest].reverse() }
}

const place = ({ createdAt, id }: { readonly createdAt: string; readonly id: string }) => `${createdAt} ${id}`
const at = (second: number) => `2026-11-23T00:00:${String(second).padStart(2, '0')}.000Z`

/** What a load answers. */
export const loadPromises: readonly Promised<Store>[] = [
  ...tableNames.flatMap((table) => Object.keys(searchable[table]).flatMap((column) => ofColumn(table, column))),
  {
    it: 'answers several finds under their names, each with its own rows',
    async check(storage) {
      const [first, second] = [aStoredRow('transactions'), aStoredRow('transactions')]
      const paymentGatewayId = gatewayId('pi')
      const refund = aStoredRow('refunds', { paymentGatewayId })
      await commit(storage, put('transactions', first), put('transactions', second), put('refunds', refund))
      const found = await storage.load({
        b: one('transactions', { id: second.id }),
        'a, "quoted"': one('transactions', { id: first.id }),
        refunds: many('refunds', { paymentGatewayId }),
        none: many('refunds', { paymentGatewayId: 'pi_none' }),
        nobody: one('customers', { id: 'cus_none' }),
      })
      expect(found).toStrictEqual({
        b: { ...second, version: 1 },
        'a, "quoted"': { ...first, version: 1 },
        refunds: [{ ...refund, version: 1 }],
        none: [],
        nobody: undefined,
      })
    },
  },
  {
    it: 'answers many loads at once, each with its own rows',
    async check(storage) {
      const users = await Promise.all([1, 2, 3, 4, 5, 6].map(() => paymentsAt(storage, at(1), at(3), at(2), at(3))))
      const asked = users.flatMap(({ userId, newest, oldest }, index) => {
        const [last] = newest
        if (!last) throw new Error('payments were made')
        const after = { createdAt: at(2), id: 'tx_' }
        return [
          [{ it: one('transactions', { id: last.id }) }, last] as const,
          [{ it: one('transactions', { id: `${last.id}_none` }) }, undefined] as const,
          [{ it: many('transactions', { userId }) }, oldest] as const,
          [{ it: page('transactions', { userId }, { limit: index + 1 }) }, newest.slice(0, index + 1)] as const,
          [{ it: page('transactions', { userId }, { limit: 1, after }) }, newest.slice(3, 4)] as const,
          [{ it: one('transactions', { id: last.id, userId: null }) }, undefined] as const,
        ]
      })
      const found = await Promise.all(asked.map(([query]) => storage.load(query)))
      expect(found).toStrictEqual(asked.map(([, it]) => ({ it })))
    },
  },
  {
    it: 'answers nothing to a query that asks nothing',
    async check(storage) {
      expect(await storage.load({})).toStrictEqual({})
    },
  },
  {
    it: 'finds only rows that meet all conditions, so that a scope in the query hides the rows of others',
    async check(storage) {
      const row = aStoredRow('transactions', { userId: newId('tx') })
      await commit(storage, put('transactions', row))
      const found = await storage.load({
        own: one('transactions', { id: row.id, userId: row.userId }),
        foreign: one('transactions', { id: row.id, userId: newId('tx') }),
        nobodys: many('transactions', { id: row.id, userId: null }),
      })
      expect(found).toStrictEqual({ own: { ...row, version: 1 }, foreign: undefined, nobodys: [] })
    },
  },
  {
    it: 'refuses a condition without a value, which would find the rows of everybody',
    async check(storage) {
      const widened = find(storage, 'transactions', { userId: undefined })
      await expect(widened).rejects.toMatchObject({ kind: 'defect' })
    },
  },
  {
    it: 'answers the oldest of several rows where one is asked',
    async check(storage) {
      const { userId, oldest } = await paymentsAt(storage, at(3), at(1), at(2), at(1))
      const { found } = await storage.load({ found: one('transactions', { userId }) })
      expect(found).toStrictEqual(oldest[0])
    },
  },
  {
    it: 'answers many rows oldest first, those of one time by their ids',
    async check(storage) {
      const { userId, oldest } = await paymentsAt(storage, at(2), at(1), at(3), at(1), at(2), at(1))
      const { found } = await storage.load({ found: many('transactions', { userId }) })
      expect(found).toStrictEqual(oldest)
    },
  },
  {
    it: 'answers a page newest first, those of one time by their ids, and no more than asked',
    async check(storage) {
      const { userId, newest } = await paymentsAt(storage, at(2), at(1), at(3), at(1), at(2), at(1))
      for (const limit of [1, 4, 6, 100]) {
        const { found } = await storage.load({ found: page('transactions', { userId }, { limit }) })
        expect(found).toStrictEqual(newest.slice(0, limit))
      }
    },
  },
  {
    it: 'pages through all rows once, also where many are of one time and newer ones come in between',
    async check(storage) {
      const { userId, newest } = await paymentsAt(storage, at(1), at(2), at(2), at(2), at(2), at(2), at(3))
      const walked: StoredTables['transactions'][] = []
      // Bounded: a page that begins with the last row of the one before it would never end.
      for (let pages = 0; pages < 10; pages += 1) {
        const last = walked.at(-1)
        const after = last && { after: { createdAt: last.createdAt, id: last.id } }
        const { found } = await storage.load({ found: page('transactions', { userId }, { limit: 2, ...after }) })
        if (found.length === 0) break
        walked.push(...found)
        await commit(storage, put('transactions', aStoredRow('transactions', { userId, createdAt: at(9) })))
      }
      expect(walked).toStrictEqual(newest)
    },
  },
  ...tableNames.map((table) => ({
    it: `looks through ${table} from the highest id down, each row once`,
    async check(storage: Store) {
      // Ids above all others of the table, so that the rows of other checks come after these.
      const rows = Array.from({ length: 5 }, () => ({ ...aCompleteRow(table), id: `~${newId('tx')}` }))
      await commit(storage, ...rows.flatMap((row) => [...parentsOf(row), put(table, row)]))
      const walked: string[] = []
      for (let before: string | undefined; walked.length < 5; before = walked.at(-1)) {
        // The tables are data here, so the types cannot follow.
        const { found } = await storage.load({ found: next(table, 2, before) as FindNext<'transactions'> })
        if (found.length === 0) break
        walked.push(...ids(found))
      }
      const mine = ids(rows).sort().reverse()
      expect(walked.filter((id) => mine.includes(id))).toStrictEqual(mine)
      expect(walked.length).toBeLessThanOrEqual(new Set(walked).size)
    },
  })),
  {
    it: 'pages on from a place whose row is not there',
    async check(storage) {
      const { userId, newest } = await paymentsAt(storage, at(1), at(3))
      const after = { createdAt: at(2), id: 'tx_none' }
      const { found } = await storage.load({ found: page('transactions', { userId }, { limit: 10, after }) })
      expect(found).toStrictEqual(newest.slice(1))
    },
  },
  {
    it: 'tells times apart to the millisecond when it orders and pages',
    async check(storage) {
      const times = [1, 10, 100, 11, 2].map((ms) => `2026-11-23T00:00:00.${String(ms).padStart(3, '0')}Z`)
      const { userId, newest } = await paymentsAt(storage, ...times)
      const [, second, ...rest] = newest
      if (!second) throw new Error('five rows were made')
      const after = { createdAt: second.createdAt, id: second.id }
      const { found } = await storage.load({ found: page('transactions', { userId }, { limit: 10, after }) })
      expect(found).toStrictEqual(rest)
    },
  },
  {
    it: 'orders ids by their characters, capitals first, as every machine does',
    async check(storage) {
      const userId = newId('tx')
      const names = ['cus_b', 'cus_B', 'cus_a', 'cus_Z', 'cus_1', 'cus__'].map((name) => `${name}${newId('tx')}`)
      await commit(storage, ...names.map((id) => put('customers', aStoredRow('customers', { id, userId }))))
      const { found } = await storage.load({ found: many('customers', { userId }) })
      expect(ids(found)).toStrictEqual([...names].sort())
    },
  },
]
