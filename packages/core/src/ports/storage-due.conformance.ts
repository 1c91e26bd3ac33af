import { aCompleteRow, parentsOf } from '../testing/every-column.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { commit, put } from '../testing/stored-rows.ts'
import type { DueTable, FindDue, Storage } from './storage.ts'
import type { StoredTables } from './tables.ts'

type Store = Storage<StoredTables>

/** The tables that wait for something again, as values; the type makes sure that none is left out. */
const dueTables: Readonly<Record<DueTable, true>> = {
  transactions: true,
  customers: true,
  payment_methods: true,
  subscriptions: true,
  invoices: true,
  refunds: true,
  disputes: true,
  debts: true,
  webhook_events: true,
  operations: true,
  outbox: true,
  data_keys: true,
}

// Rows of other checks may be due as well, in this year or the next ones. These are due before all of them, and each
// check has a minute of its own, so that it finds its own rows first.
let minutes = 0
const aMinute = () => {
  minutes += 1
  const minute = Date.UTC(1990, 0, 1) + minutes * 60_000
  return (milliseconds: number) => new Date(minute + milliseconds).toISOString()
}

async function rowsDueAt(storage: Store, table: DueTable, times: readonly (string | null)[], createdAt?: string) {
  const rows = times.map((dueAt) => ({ ...aCompleteRow(table), dueAt, ...(createdAt !== undefined && { createdAt }) }))
  await commit(storage, ...rows.flatMap((row) => [...parentsOf(row), put(table, row)]))
  return rows
}

/** The ids of what is due in a minute, leaving out what was due before it. */
async function dueIds(storage: Store, table: DueTable, at: string, limit: number, among: readonly { id: string }[]) {
  // The tables are data here, so the types cannot follow; each is one of `DueTable`.
  const find = { find: 'due', table, at, limit } as FindDue<'transactions'>
  const { found } = await storage.load({ found: find })
  const mine = new Set(among.map(({ id }) => id))
  return found.map(({ id }) => id).filter((id) => mine.has(id))
}

const ofTable = (table: DueTable): readonly Promised<Store>[] => [
  {
    it: `finds the rows of ${table} whose time has come, to the millisecond, the longest due first`,
    async check(storage) {
      const at = aMinute()
      const rows = await rowsDueAt(storage, table, [at(30), at(10), null, at(20), at(31)])
      const [third, first, , second] = rows
      const found = await dueIds(storage, table, at(30), 10_000, rows)
      expect(found).toStrictEqual([first?.id, second?.id, third?.id])
    },
  },
  {
    it: `finds rows of ${table} of one due time in the order of their ids`,
    async check(storage) {
      const at = aMinute()
      const rows = await rowsDueAt(storage, table, [at(1), at(1), at(1), at(1)], at(0))
      const sorted = rows.map(({ id }) => id).sort()
      expect(await dueIds(storage, table, at(1), 10_000, rows)).toStrictEqual(sorted)
    },
  },
]

/** What waits for its time: retries, recovery, the outbox and rows in doubt. */
export const duePromises: readonly Promised<Store>[] = [
  // True by its type: the keys are those tables.
  ...(Object.keys(dueTables) as DueTable[]).flatMap(ofTable),
  {
    it: 'finds no more of what is due than asked, and the next ones once the first have been put off',
    async check(storage) {
      const find = async (limit: number) =>
        (await storage.load({ found: { find: 'due', table: 'outbox', at: '1980-01-02T00:00:00.000Z', limit } })).found
      for (const earlier of await find(1000)) {
        await commit(storage, put('outbox', { ...earlier, dueAt: null }))
      }
      const times = [3, 1, 2].map((day) => `1979-01-0${day}T00:00:00.000Z`)
      const [third, first, second] = await rowsDueAt(storage, 'outbox', times)
      const found = await find(2)
      expect(found.map(({ id }) => id)).toStrictEqual([first?.id, second?.id])
      await commit(storage, ...found.map((row) => put('outbox', { ...row, dueAt: null })))
      expect((await find(2)).map(({ id }) => id)).toStrictEqual([third?.id])
    },
  },
]
