import { aCompleteRow, nullableColumns } from '../testing/every-column.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { aStoredRow, commit, put, read, tableNames } from '../testing/stored-rows.ts'
import type { Storage } from './storage.ts'
import { type StoredTables, type TableName, uniqueKeys } from './tables.ts'

type Store = Storage<StoredTables>
type Row = StoredTables[TableName]
type Cells = Readonly<Record<string, unknown>>

interface Key {
  readonly table: TableName
  readonly columns: readonly string[]
}

const keys: readonly Key[] = tableNames.flatMap((table) => uniqueKeys[table].map((columns) => ({ table, columns })))

// Columns are looked at by name here: which ones make a key is data, so the types cannot follow.
const cells = (row: Row): Cells => ({ ...row })

/** A row whose key is set, without links to rows that would have to be there. */
const aHolder = ({ table, columns }: Key): Row => over(aStoredRow(table), columns, cells(aCompleteRow(table)))

/** The row with the key of another one. */
const over = (row: Row, columns: readonly string[], source: Cells): Row => ({
  ...row,
  ...Object.fromEntries(columns.map((column) => [column, source[column]])),
})

/** The values that keep a column out of its key: null, or false. */
function voidOf({ table }: Key, column: string, row: Row): { readonly value: null | false } | undefined {
  if (column in nullableColumns[table]) return { value: null }
  return cells(row)[column] === true ? { value: false } : undefined
}

const ofKey = (key: Key): readonly Promised<Store>[] => {
  const { table, columns } = key
  const name = `${columns.join(' and ')} of ${table}`
  return [
    {
      it: `answers conflict for a new row with the ${name} of another one`,
      async check(storage) {
        const holder = aHolder(key)
        await commit(storage, put(table, holder))
        const second = over(aStoredRow(table), columns, cells(holder))
        expect(await commit(storage, put(table, second))).toBe('conflict')
        expect(await read(storage, table, second.id)).toBeUndefined()
      },
    },
    {
      it: `answers conflict for a change to the ${name} of another row`,
      async check(storage) {
        const holder = aHolder(key)
        const second = aHolder(key)
        await commit(storage, put(table, holder), put(table, second))
        const change = over({ ...second, version: 1 }, columns, cells(holder))
        expect(await commit(storage, put(table, change))).toBe('conflict')
        expect(await read(storage, table, second.id)).toStrictEqual({ ...second, version: 1 })
      },
    },
    {
      it: `answers conflict for two new rows of one commit with the same ${name}`,
      async check(storage) {
        const holder = aHolder(key)
        const second = over(aStoredRow(table), columns, cells(holder))
        expect(await commit(storage, put(table, holder), put(table, second))).toBe('conflict')
        expect(await read(storage, table, holder.id)).toBeUndefined()
      },
    },
    {
      it: `writes nothing, without a conflict, if absent where the ${name} is taken`,
      async check(storage) {
        const holder = aHolder(key)
        await commit(storage, put(table, holder))
        const second = over(aStoredRow(table), columns, cells(holder))
        const beside = aStoredRow('leases')
        expect(await commit(storage, put(table, second, { ifAbsent: true }), put('leases', beside))).toBe('committed')
        expect(await read(storage, table, second.id)).toBeUndefined()
        expect(await read(storage, 'leases', beside.id)).toBeDefined()
      },
    },
    {
      it: `lets rows share all but one of the ${name}`,
      async check(storage) {
        for (const column of columns) {
          const holder = aHolder(key)
          const others = columns.filter((other) => other !== column)
          const second = over(aHolder(key), others, cells(holder))
          const differs = cells(second)[column] !== cells(holder)[column]
          if (differs) expect(await commit(storage, put(table, holder), put(table, second))).toBe('committed')
        }
      },
    },
    ...columns.flatMap((column) => ofVoid(key, column)),
  ]
}

function ofVoid(key: Key, column: string): readonly Promised<Store>[] {
  const { table, columns } = key
  const nothing = voidOf(key, column, aHolder(key))
  if (!nothing) return []
  const name = `${columns.join(' and ')} of ${table}`
  const without = (row: Row): Row => ({ ...row, [column]: nothing.value })
  return [
    {
      it: `lets any number of rows have the same ${name} where ${column} is ${nothing.value}`,
      async check(storage) {
        const holder = aHolder(key)
        const others = [1, 2, 3].map(() => without(over(aStoredRow(table), columns, cells(holder))))
        expect(await commit(storage, put(table, holder))).toBe('committed')
        for (const other of others) expect(await commit(storage, put(table, other))).toBe('committed')
      },
    },
    {
      it: `moves the ${name} to another row in the commit that sets ${column} of the first to ${nothing.value}`,
      async check(storage) {
        // Both ways round, since an adapter may write rows in the order of their ids.
        for (const direction of [1, -1]) {
          const [giver, taker] = [aHolder(key), aHolder(key)].sort((a, b) => (a.id < b.id ? -direction : direction))
          if (!giver || !taker) throw new Error('two rows were made')
          const rows = [giver, without(over(taker, columns, cells(giver)))].map((row) => put(table, row))
          expect(await commit(storage, ...rows)).toBe('committed')
          const taken = put(table, over({ ...taker, version: 1 }, columns, cells(giver)))
          const given = put(table, without({ ...giver, version: 1 }))
          expect(await commit(storage, taken, given)).toBe('committed')
        }
      },
    },
    {
      it: `gives the ${name} to a new row in the commit that sets ${column} of another to ${nothing.value}`,
      async check(storage) {
        const holder = aHolder(key)
        await commit(storage, put(table, holder))
        const second = over(aStoredRow(table), columns, cells(holder))
        const changes = [put(table, second), put(table, without({ ...holder, version: 1 }))]
        expect(await commit(storage, ...changes)).toBe('committed')
      },
    },
  ]
}

/** Unique keys: what clashes, what never does, and what may move. */
export const uniqueKeyPromises: readonly Promised<Store>[] = keys.flatMap(ofKey)
