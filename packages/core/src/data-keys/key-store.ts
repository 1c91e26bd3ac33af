import type { Deps } from '../deps.ts'
import { isFlorinError } from '../errors.ts'
import type { Cipher, DataKey } from '../ports/cipher.ts'
import { one, type Query, type Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { timestamp } from '../time.ts'
import { type DataKeyRow, dataKeyRow, daySubject, userSubject } from './data-key.ts'
import { type OpenedTexts, openedTexts } from './opened-texts.ts'

/**
 * How long a process goes by what it knows of a key. Another process may close or destroy it meanwhile; an erasure waits
 * until everybody must have looked again (go-on-erasing.ts).
 */
export const DATA_KEY_MEMORY_MS = 60_000

const MOST_KEPT = 10_000

// Statements are made once per number of keys that are read at once, so there must not be any number of them.
const MOST_READ_AT_ONCE = 16

/** A data key as this process knows it. */
export interface KnownKey {
  readonly row: DataKeyRow
  /** Null where it is destroyed. */
  readonly key: DataKey | null
}

/** The data keys of one process: unwrapped, in bounded memory, each for a bounded time. */
export interface KeyStore {
  /** What was opened with them lately. */
  readonly texts: OpenedTexts
  /** The subjects whose keys a query's rows will need, as far as the query tells and they are not known. */
  ahead(query: Query): readonly string[]
  /** Takes in what was read or written at a time; `looked` names the subjects whose current key was asked for. */
  learn(keys: readonly (DataKeyRow | KnownKey)[], at: number, looked?: readonly string[]): Promise<void>
  /** Keys by id; one that is not stored is absent. */
  withIds(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, KnownKey>>
  /** The current keys of subjects; one that has none is absent. */
  ofSubjects(subjects: ReadonlySet<string>): Promise<ReadonlyMap<string, KnownKey>>
  /** Looks at the subjects again next time: after a conflict, for their keys may have been followed, or lost in a failover. */
  forget(subjects: Iterable<string>): void
  /** A new key of a subject, not stored yet. */
  make(subject: string): Promise<KnownKey>
  /** Whether a user was erased, or is being erased. */
  isErased(userId: string): Promise<boolean>
}

/** Keeps the data keys of a storage. */
export function keyStore(
  storage: Storage<StoredTables>,
  cipher: Cipher,
  { runtime, newId }: Pick<Deps, 'runtime' | 'newId'>,
): KeyStore {
  // Maps keep their keys in the order in which they were set: the first one was looked at the longest ago.
  const keys = new Map<string, KnownKey & { readonly until: number }>()
  const currents = new Map<string, { readonly id: string | null; readonly until: number }>()

  const keyWithId = (id: string) => {
    const known = keys.get(id)
    return known && known.until > runtime.now() ? known : undefined
  }

  /** The current key of a subject; null where it has none, undefined where that is not known. */
  const currentOf = (subject: string): KnownKey | null | undefined => {
    const current = currents.get(subject)
    if (!current || current.until <= runtime.now()) return undefined
    return current.id === null ? null : keyWithId(current.id)
  }

  async function learn(found: readonly (DataKeyRow | KnownKey)[], at: number, looked: readonly string[] = []) {
    const until = at + DATA_KEY_MEMORY_MS
    for (const one of found) {
      const row = 'row' in one ? one.row : one
      const known = keys.get(row.id)
      // An answer that was read before a newer one and arrives after it. What was known long ago, a failover may have undone.
      if (known && known.until > at && known.row.version > row.version) continue
      const opened = 'row' in one ? one.key : known?.key
      const key = row.wrapped === null ? null : (opened ?? (await openKey(cipher, row.id, row.wrapped)))
      put(keys, row.id, { row, key, until: Math.max(until, known?.until ?? 0) })
      if (row.isCurrent) put(currents, row.subject, { id: row.id, until })
    }
    for (const subject of looked) if (currentOf(subject) === undefined) put(currents, subject, { id: null, until })
  }

  async function read(finds: readonly Query[string][], looked: readonly string[] = []): Promise<void> {
    const at = runtime.now()
    const chunks = Array.from({ length: Math.ceil(finds.length / MOST_READ_AT_ONCE) }, (_, index) =>
      finds.slice(index * MOST_READ_AT_ONCE, (index + 1) * MOST_READ_AT_ONCE),
    )
    const loaded = await Promise.all(
      chunks.map((chunk) => storage.load(Object.fromEntries(chunk.map((find, index) => [`key${index}`, find])))),
    )
    // Every find is one for a data key.
    const rows = loaded.flatMap((answer) => Object.values(answer)) as readonly (DataKeyRow | undefined)[]
    await learn(
      rows.filter((row) => row !== undefined),
      at,
      looked,
    )
  }

  async function ofSubjects(subjects: ReadonlySet<string>): Promise<ReadonlyMap<string, KnownKey>> {
    const unknown = [...subjects].filter((subject) => currentOf(subject) === undefined)
    if (unknown.length > 0) await read(unknown.map(currentKeyOf), unknown)
    return new Map([...subjects].flatMap((subject) => entry(subject, currentOf(subject) ?? undefined)))
  }

  return {
    texts: openedTexts(),
    learn,
    ofSubjects,
    ahead(query) {
      const subjects = new Set(Object.values(query).flatMap((find) => subjectsOf(find, runtime.now())))
      return [...subjects].filter((subject) => currentOf(subject) === undefined)
    },
    async withIds(ids) {
      const unknown = [...ids].filter((id) => !keyWithId(id))
      if (unknown.length > 0) await read(unknown.map((id) => one('data_keys', { id })))
      // By now a process that stood still would find what it has just read to be too old.
      return new Map([...ids].flatMap((id) => entry(id, keys.get(id))))
    },
    forget(subjects) {
      for (const subject of subjects) currents.delete(subject)
    },
    async make(subject) {
      const id = newId('key')
      const { key, wrapped } = await cipher.makeKey(id)
      const row = dataKeyRow({ id, subject, wrapped, wrappedBy: cipher.wrapsWith }, timestamp(runtime.now()))
      return { row, key }
    },
    async isErased(userId) {
      const subject = userSubject(userId)
      return isClosed((await ofSubjects(new Set([subject]))).get(subject))
    },
  }
}

/** A key that does not open keeps from nothing but its own values: whoever seals or opens one is told why. */
async function openKey(cipher: Cipher, id: string, wrapped: string): Promise<DataKey> {
  try {
    return await cipher.openKey(id, wrapped)
  } catch (error) {
    if (!isFlorinError(error) || error.kind !== 'defect') throw error
    const fail = (): never => {
      throw error
    }
    return { id, sealText: fail, openText: fail, sealBytes: fail, openBytes: fail }
  }
}

/** Whether nothing personal may be sealed under a key any more, or shown that it sealed. */
export const isClosed = (known: KnownKey | undefined): boolean => known !== undefined && known.row.closedAt !== null

/** Finds the key that seals for a subject. */
export const currentKeyOf = (subject: string) => one('data_keys', { subject, isCurrent: true })

const entry = <Value>(key: string, value: Value | undefined): [string, Value][] =>
  value === undefined ? [] : [[key, value]]

/** The subjects that a find names: whoever reads a user's rows reads or writes what is sealed under its key. */
function subjectsOf({ table, ...find }: Query[string], now: number): readonly string[] {
  if (table === 'webhook_events') return [daySubject(now)]
  const userId = 'where' in find && 'userId' in find.where ? find.where.userId : undefined
  return typeof userId === 'string' ? [userSubject(userId)] : []
}

function put<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= MOST_KEPT) break
    map.delete(oldest)
  }
}
