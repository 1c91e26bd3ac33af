import { z } from 'zod'
import { InvalidError } from './errors.ts'
import type { PageQuery } from './ports/storage.ts'

/** One page of a list, newest first. */
export interface Page<T> {
  readonly data: readonly T[]
  readonly hasMore: boolean
  /** Give it as `cursor` to get the next page; null on the last one. */
  readonly nextCursor: string | null
}

/** What every list takes besides its filter. */
export interface PageInput {
  /** How many at most, from 1 to 100; 10 where absent. */
  readonly limit?: number | undefined
  /** The `nextCursor` of the page before. Absent: the first page, with the newest. */
  readonly cursor?: string | undefined
}

export const pageInput = {
  limit: z.int().min(1).max(100).default(10),
  cursor: z.string().max(500).optional(),
}

// Anybody can write a cursor, and whatever this lets through goes to the database.
const place = z.tuple([
  z.iso.datetime({ precision: 3 }).regex(/^[12]/, { error: 'not a time of ours' }),
  z.string().regex(/^[\x21-\x7e]{1,255}$/),
])

// How many rows are read. A storage may make a statement for each number, so there are few.
const SIZES = [11, 26, 51, 101]

/**
 * The storage's query for a page: a row more than asked for, or some more, tell whether there is another page.
 *
 * @throws `invalid` input_invalid for a cursor that no list gave out
 */
export function pageQuery({ limit, cursor }: { limit: number; cursor?: string | undefined }): PageQuery {
  const size = SIZES.find((one) => one > limit) ?? limit + 1
  if (cursor === undefined) return { limit: size }
  try {
    const [createdAt, id] = place.parse(JSON.parse(atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))))
    return { limit: size, after: { createdAt, id } }
  } catch {
    const fields = [{ field: 'cursor', message: 'must be the next_cursor of an earlier page' }]
    throw new InvalidError('input_invalid', 'cursor: must be the next_cursor of an earlier page', { fields })
  }
}

/** Cuts off what was not asked for and shows the rest. */
export function toPage<Row extends { readonly createdAt: string; readonly id: string }, T>(
  rows: readonly Row[],
  limit: number,
  show: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = rows.length > limit
  const encode = (row: Row) =>
    btoa(JSON.stringify([row.createdAt, row.id]))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '')
  return { data: shown.map(show), hasMore, nextCursor: hasMore && last ? encode(last) : null }
}
