import { z } from 'zod'
import type { Deps } from '../deps.ts'
import { findRow, type RowSet } from '../observations/row-set.ts'
import { type Change, one, type Query, write } from '../ports/storage.ts'
import type { Timestamp } from '../time.ts'
import { moveBookmark, readBookmark } from './keep-bookmark.ts'

const BOOKMARK = 'installation.begun'
const begun = z.object({ at: z.number() })

/** Webhooks come in any order, and clocks differ: what was made in the hour before the first of all may well be new. */
export const DISORDER_SECONDS = 3600

/** What this process remembers of when the installation began, in the gateway's seconds; it never changes. */
export interface InstallationTime {
  begunAt?: number | undefined
}

/** How to learn when the installation began, in a query that is made anyway; nothing once it is remembered. */
export const seekInstallationTime = ({ installed }: Pick<Deps, 'installed'>): Query =>
  installed.begunAt === undefined ? { '(begun)': one('bookmarks', { id: BOOKMARK }) } : {}

/** When the installation began, by rows that were sought so. Where it begins with this, that is kept in its commit. */
export function installationTime(
  { installed }: Pick<Deps, 'installed'>,
  rows: RowSet,
  first: number,
  now: Timestamp,
): { readonly begunAt: number; readonly changes: readonly Change[] } {
  const known = begun.safeParse(findRow(rows, 'bookmarks', ({ id }) => id === BOOKMARK)?.value)
  installed.begunAt ??= known.data?.at
  if (installed.begunAt !== undefined) return { begunAt: installed.begunAt, changes: [] }
  const at = first - DISORDER_SECONDS
  const row = { id: BOOKMARK, version: 0, createdAt: now, updatedAt: now, value: { at } }
  return { begunAt: at, changes: [{ ...write('bookmarks', row), ifAbsent: true }] }
}

/**
 * When the installation began; undefined before its first event and operation.
 *
 * @throws `unavailable` storage_unavailable
 */
export async function readInstallationTime(deps: Pick<Deps, 'storage' | 'installed'>): Promise<number | undefined> {
  deps.installed.begunAt ??= (await readBookmark(deps, BOOKMARK, begun))?.at
  return deps.installed.begunAt
}

/**
 * Has the installation begin now where it has not yet: after the newest event that the gateway has, for all that it lists
 * is of the past. `since` is how far its list goes back.
 *
 * @throws `unavailable` storage_unavailable, gateway_unavailable, overloaded
 */
export async function beginInstallation(
  deps: Pick<Deps, 'storage' | 'installed' | 'gateway' | 'runtime' | 'newId'>,
  since: number,
): Promise<void> {
  if ((await readInstallationTime(deps)) !== undefined) return
  const { data } = await deps.gateway.events.list({ since })
  const at = data[0] ? data[0].event.created + 1 : since
  await moveBookmark(deps, BOOKMARK, begun, (known) => known ?? { at })
}
