import { isSealed, keyIdOf, keyNamedBy, placeOf } from '../cipher/envelope.ts'
import { DefectError, isFlorinError } from '../errors.ts'
import { withoutPersonal } from '../events/without-personal.ts'
import type { DataKey } from '../ports/cipher.ts'
import type { Find, Loaded, Query } from '../ports/storage.ts'
import { sealedIn, type TableName, type Tables } from '../ports/tables.ts'
import { isClosed, type KeyStore, type KnownKey } from './key-store.ts'
import type { Cell, OpenedTexts } from './opened-texts.ts'

/** A row by its columns' names: which columns are sealed is data, so the types cannot follow. */
export type Plain = Readonly<Record<string, unknown>>

/**
 * The answer of a storage with its private columns opened, under the query's own names. `tell` hears of each row that does
 * not open: what is due is left out for it, anything else fails.
 *
 * @throws `defect` for a row that does not open, unless it was only due
 */
export async function openAnswer<const Q extends Query>(
  keys: KeyStore,
  query: Q,
  stored: Plain,
  tell: (table: TableName, id: string) => void,
): Promise<Loaded<Q, Tables>> {
  const finds = Object.entries<Find>(query)
  const ids = new Set<string>()
  for (const [name, { table }] of finds) for (const row of rowsIn(stored[name])) addKeyIds(ids, table, row)
  const opening: Opening = { known: await keys.withIds(ids), texts: keys.texts, pending: [], tell }
  const opened: Record<string, unknown> = {}
  try {
    for (const [name, { table, find }] of finds) {
      const found = stored[name]
      if (find === 'due') {
        opened[name] = await openable(opening, table, rowsIn(found))
        continue
      }
      const rows = rowsIn(found).map((row) => open(opening, table, row))
      opened[name] = Array.isArray(found) ? rows : rows[0]
    }
  } finally {
    // Also after an error: what is pending may fail too, and must not do so unheard.
    if (opening.pending.length > 0) await Promise.all(opening.pending)
  }
  // True by construction: every name of the query was opened by its own table's columns.
  return opened as Loaded<Q, Tables>
}

/** The rows of an answer, which is a list of them, one, or none. */
export const rowsIn = (found: unknown): readonly Plain[] =>
  Array.isArray(found) ? (found as Plain[]) : isPlain(found) ? [found] : []

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null

function addKeyIds(ids: Set<string>, table: TableName, row: Plain): void {
  for (const { column } of sealedIn(table)) {
    const value = row[column]
    const id = isSealed(value) ? keyNamedBy(value) : undefined
    if (id !== undefined) ids.add(id)
  }
}

/** What is due is taken up row by row: one that does not open keeps no other from its turn. */
async function openable(opening: Opening, table: TableName, rows: readonly Plain[]): Promise<readonly Plain[]> {
  const opened: Plain[] = []
  for (const row of rows) {
    const pending: Promise<void>[] = []
    try {
      const one = open({ ...opening, pending }, table, row)
      await Promise.all(pending)
      opened.push(one)
    } catch (error) {
      if (!isDefect(error)) throw error
    }
  }
  return opened
}

interface Opening {
  readonly known: ReadonlyMap<string, KnownKey>
  readonly texts: OpenedTexts
  /** What a cipher that takes its time still has to open. */
  readonly pending: Promise<void>[]
  /** Is told of each row that does not open. */
  readonly tell: (table: TableName, id: string) => void
}

const isDefect = (error: unknown): boolean => isFlorinError(error) && error.kind === 'defect'

function open(opening: Opening, table: TableName, row: Plain): Plain {
  const fail = (error: unknown): never => {
    if (isDefect(error)) opening.tell(table, String(row.id))
    throw error
  }
  try {
    return openColumns(opening, table, row, fail)
  } catch (error) {
    return fail(error)
  }
}

function openColumns(
  { known, texts, pending }: Opening,
  table: TableName,
  row: Plain,
  fail: (error: unknown) => never,
) {
  const opened: Record<string, unknown> = { ...row }
  const id = String(row.id)
  for (const { column, blank } of sealedIn(table)) {
    const value = row[column]
    opened[column] = blank
    if (!isSealed(value)) continue
    const { key, isErased } = keyOf(known, table, value, id)
    if (!key) continue
    const put = (plain: string): void => {
      const content = typeof value === 'string' ? JSON.parse(plain) : plain
      opened[column] = isErased && table === 'outbox' ? withoutPersonal(content) : content
    }
    const made =
      typeof value === 'string'
        ? openText(texts, key, value, { table, column, id })
        : key.openBytes(value, placeOf(table, column, id))
    // A cipher that has its answer at once is not waited for.
    if (typeof made === 'string') put(made)
    else pending.push(made.then(put).catch(fail))
  }
  return opened
}

function openText(texts: OpenedTexts, key: DataKey, sealed: string, cell: Cell): string | Promise<string> {
  const before = texts.find(sealed, cell)
  if (before !== undefined) return before
  const keep = (plain: string): string => {
    texts.keep(sealed, cell, plain)
    return plain
  }
  const plain = key.openText(sealed, placeOf(cell.table, cell.column, cell.id))
  return typeof plain === 'string' ? keep(plain) : plain.then(keep)
}

// Until the key is gone, what is open is finished with what it was begun with, and what waits to be told is told.
const untilTheEnd: readonly TableName[] = ['operations', 'outbox']

/** The key that opens a value; null where its user was erased. */
function keyOf(keys: ReadonlyMap<string, KnownKey>, table: TableName, sealed: string | Uint8Array, id: string) {
  const known = keys.get(keyIdOf(sealed))
  if (!known)
    throw new DefectError(`${table} ${id} is sealed under the data key ${keyIdOf(sealed)}, which is not there`)
  const isErased = isClosed(known)
  return { isErased, key: isErased && !untilTheEnd.includes(table) ? null : known.key }
}
