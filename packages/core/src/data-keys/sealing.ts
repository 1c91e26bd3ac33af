import { isSealed, placeOf } from '../cipher/envelope.ts'
import { withoutPersonal } from '../events/without-personal.ts'
import type { DataKey } from '../ports/cipher.ts'
import type { Clock, Runtime } from '../ports/runtime.ts'
import type { Change, Write } from '../ports/storage.ts'
import { isBlank, type StoredTables, sealedIn, type TableName, type Tables } from '../ports/tables.ts'
import { type DataKeyRow, daySubject, userSubject } from './data-key.ts'
import { isClosed, type KeyStore, type KnownKey } from './key-store.ts'

/**
 * Each value that is sealed under a key has this chance to be the last: its commit brings a new key for the subject. So
 * no counter is kept, by any number of processes, and the chance that a key seals 2^31 values is e^-128.
 */
const SUCCESSION = 2 ** -24

/** A key that is made in the commit that needs it. */
interface MadeKey extends KnownKey {
  /** The id of the key that it follows, if any. */
  readonly replaces: string | undefined
}

/** What the changes of a commit are sealed under. */
export interface Sealing {
  /** Whose keys they are. */
  readonly subjects: readonly string[]
  readonly made: readonly MadeKey[]
  /** What stores the keys that were made. */
  readonly changes: readonly Write<'data_keys', StoredTables>[]
  /** What a change stores, and the key for it; null where what is private is not to be stored. */
  of(change: Change<Tables>): { readonly row: Tables[TableName]; readonly key: DataKey | null }
}

/** Finds the keys for the changes of a commit, and makes those that are missing or at their end. */
export async function sealingOf(
  keys: KeyStore,
  runtime: Clock & Pick<Runtime, 'randomBytes'>,
  changes: readonly Change<Tables>[],
): Promise<Sealing> {
  const day = daySubject(runtime.now())
  const parts = changes.map((change) => ({ change, values: valuesIn(change), owner: ownerOf(change) }))
  const owners = new Set(parts.flatMap(({ values, owner }) => (values > 0 && owner !== null ? [owner] : [])))
  const known = new Map(await keys.ofSubjects(owners))

  const subjectOf = (change: Change<Tables>, owner: string | null): string | null => {
    const closed = owner !== null && isClosed(known.get(owner))
    if (change.table === 'webhook_events') return closed ? null : day
    if (owner === null) return day
    if (!closed || change.table === 'operations') return owner
    return change.table === 'outbox' ? day : null
  }
  const counts = new Map<string, number>()
  for (const { change, values, owner } of parts) {
    const subject = values > 0 ? subjectOf(change, owner) : null
    if (subject !== null) counts.set(subject, (counts.get(subject) ?? 0) + values)
  }
  if (counts.has(day)) for (const [subject, key] of await keys.ofSubjects(new Set([day]))) known.set(subject, key)

  const made: MadeKey[] = []
  for (const [subject, count] of counts) {
    const current = known.get(subject)
    if (current && (isClosed(current) || !isLast(runtime, count))) continue
    made.push({ ...(await keys.make(subject)), replaces: current?.row.id })
  }
  const stored = made.flatMap(({ row }) => {
    const old = known.get(row.subject)?.row
    return old ? [storing({ ...old, isCurrent: false, updatedAt: row.createdAt }), storing(row)] : [storing(row)]
  })
  for (const key of made) known.set(key.row.subject, key)

  return {
    subjects: [...counts.keys()],
    made,
    changes: stored,
    of(change) {
      const { table, row } = change
      const owner = ownerOf(change)
      const subject = subjectOf(change, owner)
      const key = (subject !== null && known.get(subject)?.key) || null
      const isErased = owner !== null && isClosed(known.get(owner))
      return { key, row: table === 'outbox' && isErased ? { ...row, data: withoutPersonal(row.data) } : row }
    },
  }
}

/**
 * A change as it is stored: with its private columns sealed, or blank where nothing private may be stored. The ids of the
 * keys that sealed them are added to `under`.
 */
export async function seal(
  sealing: Sealing,
  change: Change<Tables>,
  under: Set<string>,
): Promise<Change<StoredTables>> {
  const { table } = change
  const { row, key } = sealing.of(change)
  const plain: Readonly<Record<string, unknown>> = { ...row }
  const sealed: Record<string, unknown> = { ...row }
  for (const { column, blank, asBytes } of sealedIn(table)) {
    const value = plain[column]
    if (!key || isBlank(value, blank)) sealed[column] = null
    else {
      under.add(key.id)
      const place = placeOf(table, column, row.id)
      const made = asBytes ? key.sealBytes(String(value), place) : key.sealText(JSON.stringify(value), place)
      // A cipher that has its answer at once is not waited for.
      sealed[column] = isSealed(made) ? made : await made
    }
  }
  // True by construction: exactly the sealed columns were replaced, which is what StoredTables says of Tables.
  return { ...change, row: sealed } as unknown as Change<StoredTables>
}

const storing = (row: DataKeyRow): Write<'data_keys', StoredTables> => ({ table: 'data_keys', row })

/** Whose row it is; null where it is nobody's. */
function ownerOf({ table, row }: Change<Tables>): string | null {
  const owner = table === 'outbox' ? row.data : row
  const userId = typeof owner === 'object' && owner !== null && 'userId' in owner ? owner.userId : null
  return typeof userId === 'string' ? userSubject(userId) : null
}

/** How many values of a row are going to be sealed. */
function valuesIn({ table, row }: Change<Tables>): number {
  const cells: Readonly<Record<string, unknown>> = { ...row }
  return sealedIn(table).filter(({ column, blank }) => !isBlank(cells[column], blank)).length
}

function isLast({ randomBytes }: Pick<Runtime, 'randomBytes'>, values: number): boolean {
  const random = new DataView(randomBytes(4).buffer).getUint32(0)
  return random < values * SUCCESSION * 2 ** 32
}
