import { isSealed, keyNamedBy, placeOf } from '../cipher/envelope.ts'
import { isFlorinError } from '../errors.ts'
import type { DataKey } from '../ports/cipher.ts'
import { type FindNext, next } from '../ports/storage.ts'
import { type StoredTables, sealedColumns, sealedIn, type TableName } from '../ports/tables.ts'
import { keyStore } from './key-store.ts'
import type { KeyDeps } from './rotate-keys.ts'

export interface VerifyKeys {
  /** Opens every value that is stored. Off: those of the newest rows of each table. */
  readonly full?: boolean | undefined
  /** Is told each value that does not open, at once. */
  readonly onBroken?: ((broken: BrokenValue) => void) | undefined
}

/** Something that does not open, and why. */
export interface BrokenValue {
  readonly table: TableName
  readonly id: string
  readonly column: string
  readonly reason: string
}

/** What verifying came to. */
export interface KeysVerified {
  /** How many data keys are wrapped under each key of the ring, by its id. */
  readonly keys: Readonly<Record<string, number>>
  /** Data keys that were destroyed when their users were erased. */
  readonly destroyed: number
  /** Values that opened. */
  readonly opened: number
  /** Values whose key was destroyed: nothing opens them. */
  readonly erased: number
  readonly broken: readonly BrokenValue[]
}

const ROWS_AT_ONCE = 200

/** Opens data keys and values under them; `Keys.verify` says what is promised. */
export async function verifyKeys(deps: KeyDeps, { full = false, onBroken }: VerifyKeys = {}): Promise<KeysVerified> {
  const broken: BrokenValue[] = []
  const tell = (value: BrokenValue) => {
    broken.push(value)
    onBroken?.(value)
  }
  const { keys, destroyed, lost } = await openKeys(deps, tell)
  let [opened, erased] = [0, 0]
  for (const table of sealedTables) {
    for await (const rows of pagesOf(deps, table, full)) {
      for (const { id, column, outcome } of await openValues(deps, table, rows, lost)) {
        if (outcome === 'opened') opened += 1
        else if (outcome === 'erased') erased += 1
        else tell({ table, id, column, reason: outcome.reason })
      }
    }
  }
  return { keys, destroyed, opened, erased, broken }
}

const sealedTables = (Object.keys(sealedColumns) as TableName[]).filter((table) => sealedIn(table).length > 0)

async function openKeys(deps: KeyDeps, tell: (broken: BrokenValue) => void) {
  const keys: Record<string, number> = {}
  const lost = new Map<string, string>()
  let destroyed = 0
  for await (const rows of pagesOf(deps, 'data_keys', true)) {
    for (const { id, wrapped, wrappedBy } of rows) {
      if (wrapped === null) {
        destroyed += 1
        continue
      }
      const ringKey = wrappedBy ?? 'unknown'
      keys[ringKey] = (keys[ringKey] ?? 0) + 1
      const reason = await failureOf(() => deps.cipher.openKey(id, wrapped))
      if (reason === undefined) continue
      lost.set(id, reason)
      tell({ table: 'data_keys', id, column: 'wrapped', reason })
    }
  }
  return { keys, destroyed, lost }
}

/** The rows of a table, a page at a time; where not all are wanted, the first page only. */
async function* pagesOf<T extends TableName>(
  { storage }: Pick<KeyDeps, 'storage'>,
  table: T,
  all: boolean,
): AsyncGenerator<readonly StoredTables[T][]> {
  let before: string | undefined
  do {
    // The tables are data here, so the types cannot follow; the rows are of the table that was asked.
    const wanted = next(table, ROWS_AT_ONCE, before) as unknown as FindNext<'transactions'>
    const { rows } = await storage.load({ rows: wanted })
    yield rows as unknown as readonly StoredTables[T][]
    before = rows.length === ROWS_AT_ONCE && all ? rows.at(-1)?.id : undefined
  } while (before !== undefined)
}

interface Sealed {
  readonly id: string
  readonly column: string
  readonly value: string | Uint8Array
  /** The data key that it names; undefined where it is no sealed value at all. */
  readonly keyId: string | undefined
}

/** Opens the sealed values of rows, each by itself: one that does not open hides no other. */
async function openValues(
  deps: KeyDeps,
  table: TableName,
  rows: readonly StoredTables[TableName][],
  lost: ReadonlyMap<string, string>,
) {
  const sealed = rows.flatMap((row) => sealedValues(table, row))
  const ids = new Set(sealed.flatMap(({ keyId }) => (keyId === undefined || lost.has(keyId) ? [] : [keyId])))
  const known = await keyStore(deps.storage, deps.cipher, deps).withIds(ids)
  return Promise.all(
    sealed.map(async ({ id, column, value, keyId }) => {
      const place = placeOf(table, column, id)
      const key = keyId === undefined ? undefined : known.get(keyId)?.key
      if (key === null) return { id, column, outcome: 'erased' as const }
      const reason = key
        ? await failureOf(() => open(key, value, place))
        : keyId === undefined
          ? 'not a sealed value'
          : (lost.get(keyId) ?? `no data key ${keyId}`)
      return { id, column, outcome: reason === undefined ? ('opened' as const) : { reason } }
    }),
  )
}

function sealedValues(table: TableName, row: StoredTables[TableName]): readonly Sealed[] {
  // Columns are looked at by name here: which ones are sealed is data, so the types cannot follow.
  const cells: Readonly<Record<string, unknown>> = { ...row }
  return sealedIn(table).flatMap(({ column }) => {
    const value = cells[column]
    if (!isSealed(value)) return []
    return [{ id: row.id, column, value, keyId: keyNamedBy(value) }]
  })
}

const open = (key: DataKey, value: string | Uint8Array, place: string) =>
  typeof value === 'string' ? key.openText(value, place) : key.openBytes(value, place)

/** Why something does not open; undefined where it does. */
async function failureOf(task: () => unknown): Promise<string | undefined> {
  try {
    await task()
    return undefined
  } catch (error) {
    if (isFlorinError(error) && error.kind === 'defect') return error.message
    throw error
  }
}
