import type { z } from 'zod'
import type { Deps } from '../deps.ts'
import { UnavailableError } from '../errors.ts'
import type { Json } from '../json.ts'
import { one, write } from '../ports/storage.ts'
import { timestamp } from '../time.ts'

const MOST_TRIES = 10

/** Reads how far something has come; undefined where it never ran, or where an older release wrote something else. */
export async function readBookmark<T>(
  { storage }: Pick<Deps, 'storage'>,
  id: string,
  shape: z.ZodType<T>,
): Promise<T | undefined> {
  const { row } = await storage.load({ row: one('bookmarks', { id }) })
  const parsed = shape.safeParse(row?.value)
  return parsed.success ? parsed.data : undefined
}

/**
 * Moves a bookmark. `next` is given what is stored at that moment, for another process may have moved it meanwhile.
 *
 * @throws `unavailable` storage_unavailable, overloaded
 */
export async function moveBookmark<T>(
  { storage, runtime, newId }: Pick<Deps, 'storage' | 'runtime' | 'newId'>,
  id: string,
  shape: z.ZodType<T>,
  next: (known: T | undefined) => T & Json,
): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const { row } = await storage.load({ row: one('bookmarks', { id }) })
    const known = shape.safeParse(row?.value)
    const now = timestamp(runtime.now())
    const moved = {
      ...{ id, version: row?.version ?? 0, createdAt: row?.createdAt ?? now, updatedAt: now },
      value: next(known.success ? known.data : undefined),
    }
    if ((await storage.commit({ id: newId('commit'), changes: [write('bookmarks', moved)] })) === 'committed') return
  }
  throw new UnavailableError('overloaded', `the bookmark ${id} is moved by too many at once`, 'not_applied')
}
