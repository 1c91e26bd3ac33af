import type { DataKeyRow } from './data-keys/data-key.ts'
import { currentKeyOf, type KeyStore, type KnownKey } from './data-keys/key-store.ts'
import { openAnswer, type Plain, rowsIn } from './data-keys/opening.ts'
import { type Sealing, seal, sealingOf } from './data-keys/sealing.ts'
import type { Clock, Observer, Runtime } from './ports/runtime.ts'
import type { Change, Find, Loaded, Query, Storage } from './ports/storage.ts'
import type { StoredTables, TableName, Tables } from './ports/tables.ts'

const MOST_TRIES = 5
const MOST_TOLD = 1000
const MOST_DUE = 2000

/**
 * Seals private columns on their way into a storage and opens them on their way out, so that no adapter, backup or dump
 * holds them in clear, and no use case can forget to seal one. See `sealedColumns` for which they are.
 *
 * Each is sealed under the data key of its user, or of the day. A key that is missing is made in the very commit that
 * needs it, and one that is known must be there for the commit to go through, so no value is ever stored under a key that
 * is not. Of an erased user nothing is sealed and nothing
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
    const opened = await openAnswer(keys, query, stored, tell)
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
        const under = new Set<string>()
        for (const change of changes) sealed.push(await seal(sealing, change, under))
        for (const { row } of sealing.made) under.delete(row.id)
        const requires = [...under]
        const outcome = await storage.commit({ ...commit, changes: [...sealed, ...sealing.changes], requires })
        if (outcome === 'committed') {
          await keys.learn([...sealing.made.map(asStored), ...writtenKeys(changes)], at)
          return 'committed'
        }
        // A key may have been lost in a failover: whoever tries again looks for it again.
        keys.forget(sealing.subjects)
        // Either the rows moved on, or somebody else made the key of the same subject: then its key is taken.
        if (sealing.made.length === 0 || !(await isOvertaken(keys, sealing))) return 'conflict'
      }
      return 'conflict'
    },
  }
}

// A name that no use case's own query uses.
const keyName = (index: number) => `(key ${index})`

/** Whether a subject that a key was made for has another one by now. */
async function isOvertaken(keys: KeyStore, { made }: Sealing): Promise<boolean> {
  const before = new Map(made.map(({ row, replaces }) => [row.subject, replaces]))
  const now = await keys.ofSubjects(new Set(before.keys()))
  return [...before].some(([subject, replaced]) => now.get(subject)?.row.id !== replaced)
}

/** A key as it is once its commit went through. */
const asStored = ({ key, row }: KnownKey): KnownKey => ({ key, row: { ...row, version: row.version + 1 } })

/** Data keys that were written as such: what others know of them is learned from the storage, but here at once. */
const writtenKeys = (changes: readonly Change<Tables>[]): readonly DataKeyRow[] =>
  changes.flatMap(({ table, row }) => (table === 'data_keys' ? [{ ...row, version: row.version + 1 }] : []))

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
