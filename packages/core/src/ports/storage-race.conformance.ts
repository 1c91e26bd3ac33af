import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { gatewayId, newId } from '../testing/rows.ts'
import { aStoredRow, commit, find, put, read, tableNames } from '../testing/stored-rows.ts'
import { many, one, type Storage } from './storage.ts'
import type { StoredTables, TableName } from './tables.ts'

type Store = Storage<StoredTables>
type Result = 'committed' | 'conflict'

/** Starts all before any is awaited, several times over, so that they meet in the storage and not only here. */
async function race(racers: number, start: (racer: number, round: number) => Promise<Result>) {
  const rounds: (readonly Result[])[] = []
  for (let round = 0; round < 5; round += 1) {
    rounds.push(await Promise.all(Array.from({ length: racers }, (_, racer) => start(racer, round))))
  }
  return rounds.map((results) => results.filter((result) => result === 'committed').length)
}

const ofChangingTable = (table: TableName): Promised<Store> => ({
  it: `commits exactly one of several changes decided on the same version of a row of ${table}`,
  async check(storage) {
    const rows = Array.from({ length: 5 }, () => aStoredRow(table))
    await commit(storage, ...rows.map((row) => put(table, row)))
    // Every racer has read before the first one writes: that is what rules out luck.
    const seen = await Promise.all(rows.map((row) => read(storage, table, row.id)))
    const winners = await race(8, async (_, round) => {
      const row = seen[round]
      if (!row) throw new Error('the row was written')
      return commit(storage, put(table, row), put('audit_log', aStoredRow('audit_log', { objectId: row.id })))
    })
    expect(winners).toStrictEqual([1, 1, 1, 1, 1])
    for (const row of rows) {
      expect((await read(storage, table, row.id))?.version).toBe(2)
      // The losers left nothing: not even their line in the log.
      expect(await find(storage, 'audit_log', { objectId: row.id })).toHaveLength(1)
    }
  },
})

const ofTable = (table: TableName): Promised<Store> => ({
  it: `commits exactly one of several new rows of ${table} with the same id`,
  async check(storage) {
    const ids = Array.from({ length: 5 }, () => aStoredRow(table).id)
    const winners = await race(8, (_, round) =>
      commit(storage, put(table, { ...aStoredRow(table), id: ids[round] ?? '' }), put('leases', aStoredRow('leases'))),
    )
    expect(winners).toStrictEqual([1, 1, 1, 1, 1])
  },
})

/** Adds one to both rows' amounts, again and again until nobody came in between. */
async function addToBoth(storage: Store, ids: readonly [string, string]): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const { first, second } = await storage.load({
      first: one('transactions', { id: ids[0] }),
      second: one('transactions', { id: ids[1] }),
    })
    if (!first || !second) throw new Error('the rows were written')
    const changes = [first, second].map((row) => put('transactions', { ...row, amount: row.amount + 1 }))
    if ((await commit(storage, ...changes)) === 'committed') return
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
  }
  throw new Error('500 tries met a conflict')
}

/** What holds when several write at once. */
export const racePromises: readonly Promised<Store>[] = [
  ...tableNames.filter((table) => table !== 'audit_log').map(ofChangingTable),
  ...tableNames.map(ofTable),
  {
    it: 'commits exactly one of several new rows with the same unique key',
    async check(storage) {
      const keys = Array.from({ length: 5 }, () => gatewayId('pi'))
      const winners = await race(8, (_, round) =>
        commit(storage, put('transactions', aStoredRow('transactions', { gatewayId: keys[round] ?? null }))),
      )
      expect(winners).toStrictEqual([1, 1, 1, 1, 1])
      for (const key of keys) expect(await find(storage, 'transactions', { gatewayId: key })).toHaveLength(1)
    },
  },
  {
    it: 'commits all of several racers for a row that should be only if absent, and writes it once',
    async check(storage) {
      const facts = Array.from({ length: 5 }, () => newId('tx'))
      const winners = await race(8, (_, round) => {
        const event = aStoredRow('outbox', { objectId: facts[round] ?? '', discriminator: 'once' })
        return commit(storage, put('outbox', event, { ifAbsent: true }), put('leases', aStoredRow('leases')))
      })
      expect(winners).toStrictEqual([8, 8, 8, 8, 8])
      for (const fact of facts) expect(await find(storage, 'outbox', { objectId: fact })).toHaveLength(1)
    },
  },
  {
    it: 'loses no change of many that touch the same two rows in opposite order',
    async check(storage) {
      const rows = [aStoredRow('transactions', { amount: 0 }), aStoredRow('transactions', { amount: 0 })] as const
      await commit(storage, ...rows.map((row) => put('transactions', row)))
      const [a, b] = [rows[0].id, rows[1].id]
      await Promise.all(Array.from({ length: 12 }, (_, racer) => addToBoth(storage, racer % 2 ? [a, b] : [b, a])))
      for (const id of [a, b]) expect((await read(storage, 'transactions', id))?.amount).toBe(12)
    },
  },
  {
    it: 'loads rows of several tables as of one moment while they are being changed together',
    async check(storage) {
      const payment = aStoredRow('transactions')
      const lease = aStoredRow('leases')
      const paymentGatewayId = gatewayId('pi')
      await commit(storage, put('transactions', payment), put('leases', lease))
      let going = true
      const write = async () => {
        for (let version = 1; version <= 60; version += 1) {
          const refund = put('refunds', aStoredRow('refunds', { paymentGatewayId }))
          const result = await commit(
            storage,
            put('transactions', { ...payment, version }),
            put('leases', { ...lease, version }),
            refund,
          )
          expect(result).toBe('committed')
        }
        going = false
      }
      const watch = async () => {
        const seen = new Set<number>()
        while (going) {
          const { first, last, refunds } = await storage.load({
            first: one('transactions', { id: payment.id }),
            refunds: many('refunds', { paymentGatewayId }),
            last: one('leases', { id: lease.id }),
          })
          expect(last?.version).toBe(first?.version)
          expect(refunds).toHaveLength((first?.version ?? 0) - 1)
          seen.add(first?.version ?? 0)
          await new Promise((resolve) => setTimeout(resolve, 0))
        }
        return seen
      }
      const [, ...watched] = await Promise.all([write(), watch(), watch()])
      expect(watched).toHaveLength(2)
    },
  },
]
