import { system } from '../actor.ts'
import { allPages } from '../all-pages.ts'
import { auditRow } from '../audit/audit-entry.ts'
import type { Deps } from '../deps.ts'
import { isFlorinError, UnavailableError } from '../errors.ts'
import type { Cipher } from '../ports/cipher.ts'
import { next, type Storage, type Write } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { timestamp } from '../time.ts'
import type { DataKeyRow } from './data-key.ts'

/** What works on the keys themselves: the storage below the layer that seals. */
export interface KeyDeps extends Pick<Deps, 'runtime' | 'newId'> {
  readonly storage: Storage<StoredTables>
  readonly cipher: Cipher
}

export interface RotateKeys {
  /** Is told now and then how many data keys were wrapped again. */
  readonly onProgress?: ((wrapped: number) => void) | undefined
}

/** What rotating came to. */
export interface KeysRotated {
  /** Data keys that are wrapped under the current ring key now, and were not. */
  readonly wrapped: number
  /** The ids of data keys that do not open, left as they are. */
  readonly broken: readonly string[]
  /** How many are under keys that are not in the ring, by the ring key's id: they were left, and nothing under them opens. */
  readonly notInRing: Readonly<Record<string, number>>
}

const ROWS_AT_ONCE = 100
const ROWS_PER_COMMIT = 20
const MOST_PASSES = 20

type Row = StoredTables['data_keys']

/**
 * Wraps all data keys under the current key of the ring; `Keys.rotate` says what is promised. Servers that still wrap
 * under a retired key make new ones behind its back: it looks again until it finds none.
 */
export async function rotateKeys(deps: KeyDeps, { onProgress }: RotateKeys = {}): Promise<KeysRotated> {
  const broken = new Set<string>()
  let wrapped = 0
  for (let passes = 0; ; passes += 1) {
    if (passes === MOST_PASSES) {
      const message = `data keys are still being wrapped under ${deps.cipher.retired.join(', ')}: restart all servers first`
      throw new UnavailableError('overloaded', message, 'unknown')
    }
    let found = 0
    for (const wrappedBy of deps.cipher.retired) {
      for await (const rows of allPages(deps.storage, 'data_keys', { wrappedBy }, ROWS_AT_ONCE)) {
        found += rows.filter(({ id }) => !broken.has(id)).length
        wrapped += await wrapAll(deps, rows, broken)
        onProgress?.(wrapped)
      }
    }
    if (found > 0) continue
    if (wrapped > 0) await tell(deps, wrapped)
    return { wrapped, broken: [...broken], notInRing: await countNotInRing(deps) }
  }
}

/** Looks at all keys that there are: a ring cannot name those that it lacks. */
async function countNotInRing({ storage, cipher }: KeyDeps): Promise<Readonly<Record<string, number>>> {
  const ring = [cipher.wrapsWith, ...cipher.retired]
  const counts: Record<string, number> = {}
  let before: string | undefined
  do {
    const { rows } = await storage.load({ rows: next('data_keys', ROWS_AT_ONCE, before) })
    for (const { wrappedBy } of rows) {
      if (wrappedBy !== null && !ring.includes(wrappedBy)) counts[wrappedBy] = (counts[wrappedBy] ?? 0) + 1
    }
    before = rows.length === ROWS_AT_ONCE ? rows.at(-1)?.id : undefined
  } while (before !== undefined)
  return counts
}

/** Answers how many rows were wrapped again. Where somebody else changed one meanwhile, the next pass finds them all. */
async function wrapAll(deps: KeyDeps, rows: readonly Row[], broken: Set<string>): Promise<number> {
  const again: Row[] = []
  for (const row of rows) {
    const next = await wrapOne(deps, row)
    if (next) again.push(next)
    else broken.add(row.id)
  }
  let done = 0
  for (let from = 0; from < again.length; from += ROWS_PER_COMMIT) {
    const few = again.slice(from, from + ROWS_PER_COMMIT)
    if (await store(deps, few)) done += few.length
  }
  return done
}

async function wrapOne({ cipher, runtime }: KeyDeps, row: Row): Promise<DataKeyRow | undefined> {
  if (row.wrapped === null) return undefined
  try {
    const wrapped = await cipher.wrapAgain(row.id, row.wrapped)
    return { ...row, wrapped, wrappedBy: cipher.wrapsWith, updatedAt: timestamp(runtime.now()) }
  } catch (error) {
    if (isFlorinError(error) && error.kind === 'defect') return undefined
    throw error
  }
}

async function store({ storage, newId }: KeyDeps, rows: readonly Row[]): Promise<boolean> {
  const changes = rows.map((row): Write<'data_keys', StoredTables> => ({ table: 'data_keys', row }))
  return (await storage.commit({ id: newId('commit'), changes })) === 'committed'
}

async function tell({ storage, newId, runtime, cipher }: KeyDeps, wrapped: number): Promise<void> {
  const now = timestamp(runtime.now())
  const detail = { wrapped, ringKey: cipher.wrapsWith }
  const told = { action: 'keys.rotate', objectId: null, outcome: 'succeeded', detail }
  const row = auditRow({ newId }, { actor: system, now, ...told })
  await storage.commit({ id: newId('commit'), changes: [{ table: 'audit_log', row }] })
}
