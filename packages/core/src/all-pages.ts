import { type FindMany, type PageQuery, page, type Storage, type Where } from './ports/storage.ts'
import type { Rows, TableName } from './ports/tables.ts'

/**
 * All rows that match, newest first and `limit` at a time, so that any number of them is read in little memory. A page is
 * read when it is asked for: what was done to the rows of the page before is stored by then.
 *
 * @throws `unavailable` storage_unavailable
 */
export async function* allPages<T extends TableName, R extends Rows>(
  { load }: Pick<Storage<R>, 'load'>,
  table: T,
  where: Where<T>,
  limit: number,
): AsyncGenerator<readonly R[T][]> {
  let after: PageQuery['after']
  do {
    // The table is data here, so the types cannot follow; the rows are of the table that was asked.
    const wanted = page(table, where, { limit, ...(after && { after }) }) as unknown as FindMany<'transactions'>
    const { rows } = await load({ rows: wanted })
    yield rows as unknown as readonly R[T][]
    const last = rows.length === limit ? rows.at(-1) : undefined
    after = last && { createdAt: last.createdAt, id: last.id }
  } while (after)
}
