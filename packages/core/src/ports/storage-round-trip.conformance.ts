import { aCompleteRow, nullableColumns, parentsOf } from '../testing/every-column.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { newId } from '../testing/rows.ts'
import { commit, put, read, tableNames } from '../testing/stored-rows.ts'
import type { Storage } from './storage.ts'
import { partColumns, type StoredTables, type TableName } from './tables.ts'

type Row = StoredTables[TableName]
type Store = Storage<StoredTables>

const isTime = (value: unknown) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)

/** The row with each value of some kind replaced. Links between rows stay: an adapter may check them. */
function withValues(row: Row, replace: (value: unknown) => unknown): Row {
  const linked = ['id', 'version', 'paymentId', 'subscriptionId']
  const cells = Object.entries(row).map(([column, value]) => [column, linked.includes(column) ? value : replace(value)])
  // Values keep their kinds, which is all that the row's type asks; a status may be any word (open enums).
  return Object.fromEntries(cells) as unknown as Row
}

async function comesBack(storage: Store, table: TableName, row: Row) {
  expect(await commit(storage, ...parentsOf(row), put(table, row))).toBe('committed')
  expect(await read(storage, table, row.id)).toStrictEqual({ ...row, version: 1 })
}

/** What of a row never changes. */
function placeOf(table: TableName, row: Row): { readonly id: string } {
  const parts: Readonly<Record<string, string>> = partColumns
  return { id: row.id, ...Object.fromEntries(Object.entries(row).filter(([column]) => column === parts[table])) }
}

async function comesBackReplaced(storage: Store, table: TableName, first: Row, second: Row) {
  await comesBack(storage, table, first)
  const next = { ...second, ...placeOf(table, first), version: 1 }
  expect(await commit(storage, ...parentsOf(next), put(table, next))).toBe('committed')
  expect(await read(storage, table, first.id)).toStrictEqual({ ...next, version: 2 })
}

const strange = () => `ß 漢字 🙂🏽 e\u0301 "quoted" 'single' back\\slash $1 {"a":1} \t\n\r\u007f\u2028 ${newId('tx')}`
const texts = (row: Row) =>
  withValues(row, (value) => (typeof value === 'string' && !isTime(value) ? strange() : value))
const numbers = (row: Row, number: number) => withValues(row, (value) => (typeof value === 'number' ? number : value))
const times = (row: Row, time: string) => withValues(row, (value) => (isTime(value) ? time : value))
const emptied = (row: Row) =>
  withValues(row, (value) => {
    if (value instanceof Uint8Array) return new Uint8Array(0)
    if (Array.isArray(value)) return []
    return typeof value === 'object' && value !== null ? {} : value
  })
const nulled = (table: TableName, row: Row): Row =>
  // True by construction: these are the columns of this table that may be null.
  ({ ...row, ...nullableColumns[table] }) as unknown as Row

const moments = [
  '1970-01-01T00:00:00.000Z',
  '2026-03-29T01:30:00.001Z',
  '2026-11-23T15:04:05.120Z',
  '2028-02-29T23:59:59.999Z',
  '2999-12-31T23:59:59.990Z',
]

const ofTable = (table: TableName): readonly Promised<Store>[] => [
  {
    it: `brings back a row of ${table} with every column set`,
    check: (storage) => comesBack(storage, table, aCompleteRow(table)),
  },
  {
    it: `brings back a row of ${table} with every column null that may be`,
    check: (storage) => comesBack(storage, table, nulled(table, aCompleteRow(table))),
  },
  {
    it: `brings back any text in ${table}`,
    check: (storage) => comesBack(storage, table, texts(aCompleteRow(table))),
  },
  {
    it: `brings back integers of ${table} exactly, up to 2^53 - 1`,
    async check(storage) {
      for (const number of [0, 1, 2 ** 31, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER]) {
        await comesBack(storage, table, numbers(aCompleteRow(table), number))
      }
    },
  },
  {
    it: `brings back times of ${table} to the millisecond, in UTC`,
    async check(storage) {
      for (const moment of moments) await comesBack(storage, table, times(aCompleteRow(table), moment))
    },
  },
  {
    it: `brings back empty lists, objects and bytes of ${table}`,
    check: (storage) => comesBack(storage, table, emptied(aCompleteRow(table))),
  },
]

const ofReplacing = (table: TableName): readonly Promised<Store>[] => [
  {
    it: `replaces every column of a row of ${table}`,
    async check(storage) {
      const row = aCompleteRow(table)
      await comesBackReplaced(
        storage,
        table,
        nulled(table, row),
        texts(numbers(times(row, '2027-01-01T00:00:00.000Z'), 7)),
      )
      await comesBackReplaced(storage, table, aCompleteRow(table), nulled(table, aCompleteRow(table)))
    },
  },
]

/** What goes in comes out: every column of every table, whatever is in it. */
export const roundTripPromises: readonly Promised<Store>[] = [
  ...tableNames.flatMap(ofTable),
  ...tableNames.filter((table) => table !== 'audit_log').flatMap(ofReplacing),
]
