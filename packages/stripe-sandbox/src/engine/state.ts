import type { Collection, Row } from './collection.ts'

/** Something that falls due at a moment of the virtual clock. */
export interface Task {
  readonly at: number
  /** Which slice's task function runs. */
  readonly kind: string
  /** The object it is about. */
  readonly id: string
}

/**
 * Everything the sandbox knows, as JSON: also the faults that still wait and the webhook mode, but not the request log.
 * Given to `restore`, it goes on exactly from there.
 */
export interface SandboxSnapshot {
  readonly version: 1
  readonly seed: string
  readonly now: number
  readonly counters: Readonly<Record<string, number>>
  readonly collections: Readonly<Record<string, readonly Row[]>>
  readonly tasks: readonly Task[]
}

/** The whole mutable state. Objects in it are replaced, never changed in place, so that they can be shared and undone. */
export interface State {
  readonly seed: string
  now: number
  readonly counters: Map<string, number>
  readonly tables: Map<string, Map<string, Row>>
  readonly tasks: Task[]
  /** How often the state was replaced as a whole: what was under way before has nothing to say about it any more. */
  epoch: number
  /** Called after each change, for whoever looks on. */
  changed: () => void
  /** How to take back what the running request has done; absent outside of one. */
  undo: (() => void)[] | undefined
}

/** Typed access to the stored objects. */
export interface Store {
  /** The object, or undefined. */
  find<T extends Row>(collection: Collection<T>, id: string): T | undefined
  /** All objects, oldest first. */
  all<T extends Row>(collection: Collection<T>): T[]
  /** Adds an object, or replaces one of the same id in its old place. */
  put<T extends Row>(collection: Collection<T>, row: NoInfer<T>): T
  /** Replaces some fields and gives the new object back. Throws when there is none: a defect of the sandbox. */
  update<T extends Row>(collection: Collection<T>, id: string, patch: NoInfer<Partial<T>>): T
  remove<T extends Row>(collection: Collection<T>, id: string): void
}

/** Starts empty, or from a snapshot. */
export function createState(start: { seed: string; now: number }, snapshot?: SandboxSnapshot): State {
  const tables = new Map<string, Map<string, Row>>()
  for (const [name, rows] of Object.entries(snapshot?.collections ?? {})) {
    tables.set(name, new Map(rows.map((row) => [row.id, row])))
  }
  return {
    seed: snapshot?.seed ?? start.seed,
    now: snapshot?.now ?? start.now,
    counters: new Map(Object.entries(snapshot?.counters ?? {})),
    tables,
    tasks: [...(snapshot?.tasks ?? [])],
    epoch: 0,
    changed: () => undefined,
    undo: undefined,
  }
}

/** A copy of the state as plain JSON. */
export function snapshotOf(state: State): SandboxSnapshot {
  const collections = Object.fromEntries([...state.tables].map(([name, table]) => [name, [...table.values()]]))
  const { seed, now, tasks } = state
  return structuredClone({ version: 1, seed, now, counters: Object.fromEntries(state.counters), collections, tasks })
}

/** Puts the state back to a snapshot, in place, so that all who hold it see the change. */
export function restoreInto(state: State, snapshot: SandboxSnapshot): void {
  const fresh = createState({ seed: snapshot.seed, now: snapshot.now }, structuredClone(snapshot))
  state.epoch += 1
  state.now = fresh.now
  replaceMap(state.counters, fresh.counters)
  replaceMap(state.tables, fresh.tables)
  state.tasks.splice(0, state.tasks.length, ...fresh.tasks)
  state.changed()
}

function replaceMap<K, V>(target: Map<K, V>, source: Map<K, V>): void {
  target.clear()
  for (const [key, value] of source) target.set(key, value)
}

/** Runs `work` as one step: if it throws and `keeps` does not vouch for the error, every change is taken back. */
export function atomically<T>(state: State, work: () => T, keeps: (error: unknown) => boolean): T {
  const outer = state.undo
  const undo: (() => void)[] = []
  state.undo = undo
  try {
    return work()
  } catch (error) {
    if (!keeps(error)) for (const step of undo.splice(0).reverse()) step()
    throw error
  } finally {
    state.undo = outer
    outer?.push(...undo)
  }
}

/** The store over a state. */
export function createStore(state: State): Store {
  const tableOf = (name: string): Map<string, Row> => {
    const known = state.tables.get(name)
    if (known !== undefined) return known
    const made = new Map<string, Row>()
    state.tables.set(name, made)
    return made
  }
  const write = (table: Map<string, Row>, row: Row): void => {
    const before = table.get(row.id)
    table.set(row.id, row)
    state.changed()
    state.undo?.push(() => (before === undefined ? table.delete(row.id) : table.set(row.id, before)))
  }
  // A table is only ever written through the collection of its name, so its rows are of the collection's type; a
  // restored snapshot comes from `snapshotOf`.
  const find = <T extends Row>(collection: Collection<T>, id: string): T | undefined =>
    state.tables.get(collection.name)?.get(id) as T | undefined
  return {
    find,
    all: <T extends Row>(collection: Collection<T>): T[] =>
      [...(state.tables.get(collection.name)?.values() ?? [])] as T[],
    put(collection, row) {
      write(tableOf(collection.name), row)
      return row
    },
    update(collection, id, patch) {
      const before = find(collection, id)
      if (before === undefined) throw new Error(`the sandbox has no ${collection.name} ${id} to update`)
      const after = { ...before, ...patch }
      write(tableOf(collection.name), after)
      return after
    },
    remove(collection, id) {
      const table = state.tables.get(collection.name)
      if (table === undefined) return
      const rows = state.undo === undefined ? undefined : new Map(table)
      if (!table.delete(id)) return
      state.changed()
      if (rows === undefined) return
      state.undo?.push(() => replaceMap(table, rows))
    },
  }
}
