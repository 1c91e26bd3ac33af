import { keyIdOf, keyNamedBy, placeOf } from './cipher/envelope.ts'
import type { DataKeyRow } from './data-keys/data-key.ts'
import { currentKeyOf, isClosed, type KeyStore, type KnownKey } from './data-keys/key-store.ts'
import type { Cell, OpenedTexts } from './data-keys/opened-texts.ts'
import { type Sealing, sealingOf } from './data-keys/sealing.ts'
import { DefectError, isFlorinError } from './errors.ts'
import { withoutPersonal } from './events/without-personal.ts'
import type { DataKey } from './ports/cipher.ts'
import type { Clock, Observer, Runtime } from './ports/runtime.ts'
import {
  type Change,
  type Find,
  isBlank,
  type Loaded,
  type Query,
  type Storage,
  type StoredTables,
  sealedIn,
  type TableName,
  type Tables,
} from './ports/storage.ts'

const MOST_TRIES = 5
const MOST_TOLD = 1000
const MOST_DUE = 2000

/**
 * Seals private columns on their way into a storage and opens them on their way out, so that no adapter, backup or dump
 * holds them in clear, and no use case can forget to seal one. See `sealedColumns` for which they are.
 *
 * Each is sealed under the data key of its user, or of the day. A key that is missing is made in the very commit that
 * needs it, so no value is ever sealed under a key that is not stored. Of an erased user nothing is sealed and nothing
 * opens: its columns are stored, and shown, without their contents.
 */
export function sealedStorage(
  storage: Storage<StoredTables>,
  keys: KeyStore,
  runtime: Clock & Pick<Runtime, 'randomBytes'>,
  observer?: Observer,
): Storage<Tables> {
  const unreadable = new Set<string>()
  const tell = (table: TableName, id: string): void => {
    if (unreadable.has(id)) return
    // Each is told once by a process. Should there be very many, some are told again.
    if (unreadable.size === MOST_TOLD) unreadable.clear()
    unreadable.add(id)
    observer?.tell({ what: 'row_unreadable', table, id })
  }
  async function load<const Q extends Query>(query: Q, wanted: Query = query): Promise<Loaded<Q, Tables>> {
    const at = runtime.now()
    keys.texts.age(at)
    const subjects = keys.ahead(query)
    const ahead = Object.fromEntries(subjects.map((subject, index) => [keyName(index), currentKeyOf(subject)]))
    const stored: Plain = await storage.load({ ...query, ...ahead })
    // Under these names there are data keys only.
    const read = subjects.map((_, index) => stored[keyName(index)]) as readonly (DataKeyRow | undefined)[]
    await keys.learn(
      read.filter((row) => row !== undefined),
      at,
      subjects,
    )
    const opened = await openAll(keys, query, stored, tell)
    const crowded = crowdedOut(query, wanted, stored, opened)
    if (Object.keys(crowded).length === 0) return opened
    const wider: Plain = await load({ ...query, ...crowded }, wanted)
    const cut = Object.keys(crowded).map((name) => [name, rowsIn(wider[name]).slice(0, limitOf(wanted[name]))])
    // The same names, each with no more rows than were asked for.
    return { ...wider, ...Object.fromEntries(cut) } as Loaded<Q, Tables>
  }

  return {
    load: (query) => load(query),
    async commit({ changes, ...commit }) {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const at = runtime.now()
        const sealing = await sealingOf(keys, runtime, changes)
        const sealed: Change<StoredTables>[] = []
        for (const change of changes) sealed.push(await seal(sealing, change))
        const outcome = await storage.commit({ ...commit, changes: [...sealed, ...sealing.changes] })
        if (outcome === 'committed') {
          await keys.learn([...sealing.made.map(stored), ...writtenKeys(changes)], at)
          return 'committed'
        }
        // Either the rows moved on, or somebody else made the key of the same subject: then its key is taken.
        if (sealing.made.length === 0 || !(await hasOther(keys, sealing))) return 'conflict'
      }
      return 'conflict'
    },
  }
}

// Rows are handled by their columns' names here: which columns are sealed is data, so the types cannot follow.
type Plain = Readonly<Record<string, unknown>>

// A name that no use case's own query uses.
const keyName = (index: number) => `(key ${index})`

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null

/** Whether a subject that a key was made for has another one by now. */
async function hasOther(keys: KeyStore, { made }: Sealing): Promise<boolean> {
  const before = new Map(made.map(({ row, replaces }) => [row.subject, replaces]))
  keys.forget(before.keys())
  const now = await keys.ofSubjects(new Set(before.keys()))
  return [...before].some(([subject, replaced]) => now.get(subject)?.row.id !== replaced)
}

/** A key as it is once its commit went through. */
const stored = ({ key, row }: KnownKey): KnownKey => ({ key, row: { ...row, version: row.version + 1 } })

/** Data keys that were written as such: what others know of them is learned from the storage, but here at once. */
const writtenKeys = (changes: readonly Change<Tables>[]): readonly DataKeyRow[] =>
  changes.flatMap(({ table, row }) => (table === 'data_keys' ? [{ ...row, version: row.version + 1 }] : []))

async function openAll<const Q extends Query>(
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
const rowsIn = (found: unknown): readonly Plain[] =>
  Array.isArray(found) ? (found as Plain[]) : isPlain(found) ? [found] : []

const isSealed = (value: unknown): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array

function addKeyIds(ids: Set<string>, table: TableName, row: Plain): void {
  for (const { column } of sealedIn(table)) {
    const value = row[column]
    const id = isSealed(value) ? keyNamedBy(value) : undefined
    if (id !== undefined) ids.add(id)
  }
}

async function seal(sealing: Sealing, change: Change<Tables>): Promise<Change<StoredTables>> {
  const { table } = change
  const { row, key } = sealing.of(change)
  const plain: Plain = { ...row }
  const sealed: Record<string, unknown> = { ...row }
  for (const { column, blank, asBytes } of sealedIn(table)) {
    const value = plain[column]
    if (!key || isBlank(value, blank)) sealed[column] = null
    else {
      const place = placeOf(table, column, row.id)
      const made = asBytes ? key.sealBytes(String(value), place) : key.sealText(JSON.stringify(value), place)
      // A cipher that has its answer at once is not waited for.
      sealed[column] = isSealed(made) ? made : await made
    }
  }
  // True by construction: exactly the sealed columns were replaced, which is what StoredTables says of Tables.
  return { ...change, row: sealed } as unknown as Change<StoredTables>
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

/**
 * What is due and does not open stays in front, and must not take the place of what does: where it does, so much more is
 * asked for.
 */
function crowdedOut(query: Query, wanted: Query, stored: Plain, opened: Plain): Query {
  const more = Object.entries<Find>(query).flatMap(([name, find]) => {
    const isCrowded =
      find.find === 'due' &&
      rowsIn(opened[name]).length < limitOf(wanted[name]) &&
      rowsIn(stored[name]).length >= find.limit
    return isCrowded && find.limit < MOST_DUE ? [[name, { ...find, limit: Math.min(find.limit * 4, MOST_DUE) }]] : []
  })
  return Object.fromEntries(more)
}

const limitOf = (find: Find | undefined): number => (find?.find === 'due' ? find.limit : 0)

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
