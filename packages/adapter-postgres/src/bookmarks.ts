import { type Columns, identity } from './column.ts'

/** The columns of `bookmarks`. */
export const bookmarkColumns: Columns<'bookmarks'> = { ...identity, value: ['value', 'jsonb'] }
