import type { Collection, Row } from './collection.ts'
import type { Context } from './context.ts'
import { resourceMissing } from './stripe-failure.ts'

/** What every list takes. */
export interface PageParams {
  readonly limit?: number
  readonly starting_after?: string
  readonly ending_before?: string
}

/** A `created` filter: a moment, or bounds. */
export type CreatedFilter =
  | number
  | { readonly gt?: number; readonly gte?: number; readonly lt?: number; readonly lte?: number }

/** A page of a list, newest first. */
export interface Page<T> {
  readonly object: 'list'
  readonly data: T[]
  readonly has_more: boolean
  readonly url: string
}

/** One page of the rows that `keep` accepts. A cursor must be the id of a row of the collection. */
export function pageOf<T extends Row>(
  context: Context,
  collection: Collection<T>,
  { params, url, keep = () => true }: { params: PageParams; url: string; keep?: (row: T) => boolean },
): Page<T> {
  for (const cursor of ['starting_after', 'ending_before'] as const) {
    const id = params[cursor]
    if (id !== undefined && context.store.find(collection, id) === undefined) {
      throw resourceMissing(collection.name, id, { param: cursor })
    }
  }
  return pageOfRows(context.store.all(collection).reverse(), { params, url, keep })
}

/** The same over rows that are already in the order of the answer, e.g. an invoice's lines. */
export function pageOfRows<T extends Row>(
  rows: readonly T[],
  { params, url, keep = () => true }: { params: PageParams; url: string; keep?: (row: T) => boolean },
): Page<T> {
  const { limit = 10, starting_after: after, ending_before: before } = params
  if (before !== undefined) {
    const earlier = rows.slice(0, indexOfRow(rows, before)).filter(keep)
    const data = earlier.slice(-limit)
    return { object: 'list', data, has_more: earlier.length > data.length, url }
  }
  const later = (after === undefined ? rows : rows.slice(indexOfRow(rows, after) + 1)).filter(keep)
  return { object: 'list', data: later.slice(0, limit), has_more: later.length > limit, url }
}

const indexOfRow = (rows: readonly Row[], id: string): number => {
  const index = rows.findIndex((row) => row.id === id)
  if (index < 0) throw resourceMissing('object', id, { param: 'starting_after' })
  return index
}

/** Whether a row was created within the filter. */
export function createdWithin(filter: CreatedFilter | undefined, created: number): boolean {
  if (filter === undefined) return true
  if (typeof filter === 'number') return created === filter
  const { gt = Number.NEGATIVE_INFINITY, gte = gt, lt = Number.POSITIVE_INFINITY, lte = lt } = filter
  return created > gt && created >= gte && created < lt && created <= lte
}
