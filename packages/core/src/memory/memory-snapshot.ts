import { z } from 'zod'
import type { StoredTables, TableName } from '../ports/tables.ts'

interface Kept {
  readonly table: TableName
  readonly row: StoredTables[TableName]
}

const format = z.object({
  florin: z.literal(1),
  rows: z.array(z.object({ table: z.string(), row: z.looseObject({}) })),
})
const sealedBytes = z.strictObject({ $bytes: z.string() })

/** Writes rows as JSON; bytes as `{ "$bytes": base64 }`. */
export function writeSnapshot(rows: readonly Kept[]): string {
  return JSON.stringify({ florin: 1, rows }, (_, value) =>
    value instanceof Uint8Array
      ? { $bytes: btoa(Array.from(value, (byte) => String.fromCodePoint(byte)).join('')) }
      : value,
  )
}

/** Reads what {@link writeSnapshot} wrote. Throws on any other text. */
export function readSnapshot(text: string): readonly Kept[] {
  const { rows } = format.parse(
    JSON.parse(text, (_, value) => {
      const bytes = sealedBytes.safeParse(value)
      return bytes.success ? Uint8Array.from(atob(bytes.data.$bytes), (char) => char.codePointAt(0) ?? 0) : value
    }),
  )
  // Rows are taken as they were written: the text is this program's own, never input.
  return rows as unknown as readonly Kept[]
}
