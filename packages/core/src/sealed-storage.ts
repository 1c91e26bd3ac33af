import { keyIdOf, placeOf } from './cipher/envelope.ts'
import type { DataKeyRow } from './data-keys/data-key.ts'
import { currentKeyOf, isClosed, type KeyStore, type KnownKey } from './data-keys/key-store.ts'
import { type Sealing, sealingOf } from './data-keys/sealing.ts'
import { DefectError } from './errors.ts'
import { withoutPersonal } from './events/without-personal.ts'
import type { Clock, Runtime } from './ports/runtime.ts'
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
): Storage<Tables> {
  return {
    async load(query) {
      const at = runtime.now()
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
      return openAll(keys, query, stored)
    },
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

async function openAll<const Q extends Query>(keys: KeyStore, query: Q, stored: Plain): Promise<Loaded<Q, Tables>> {
  const found = Object.entries<Find>(query).map(([name, { table }]) => {
    const rows = stored[name]
    return { name, table, rows: Array.isArray(rows) ? (rows as Plain[]) : isPlain(rows) ? rows : undefined }
  })
  const ids = new Set(found.flatMap(({ table, rows }) => [rows ?? []].flat().flatMap((row) => keyIds(table, row))))
  const known = await keys.withIds(ids)
  const opened: Record<string, unknown> = {}
  for (const { name, table, rows } of found) {
    opened[name] = Array.isArray(rows)
      ? await Promise.all(rows.map((row) => open(known, table, row)))
      : rows && (await open(known, table, rows))
  }
  // True by construction: every name of the query was opened by its own table's columns.
  return opened as Loaded<Q, Tables>
}

const isSealed = (value: unknown): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array

const keyIds = (table: TableName, row: Plain): readonly string[] =>
  sealedIn(table).flatMap(({ column }) => {
    const value = row[column]
    return isSealed(value) ? [keyIdOf(value)] : []
  })

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

async function open(keys: ReadonlyMap<string, KnownKey>, table: TableName, row: Plain): Promise<Plain> {
  const opened: Record<string, unknown> = { ...row }
  const id = String(row.id)
  for (const { column, blank } of sealedIn(table)) {
    const value = row[column]
    opened[column] = blank
    if (!isSealed(value)) continue
    const { key, isErased } = keyOf(keys, table, value, id)
    if (!key) continue
    const place = placeOf(table, column, id)
    const made = typeof value === 'string' ? key.openText(value, place) : key.openBytes(value, place)
    const plain = typeof made === 'string' ? made : await made
    const content = typeof value === 'string' ? JSON.parse(plain) : plain
    opened[column] = isErased && table === 'outbox' ? withoutPersonal(content) : content
  }
  return opened
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
