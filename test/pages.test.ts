import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { permissions, roles } from '../packages/core/src/actor.ts'
import { sealedColumns, sealedIn, type TableName } from '../packages/core/src/ports/tables.ts'

/** The rows of the table under a heading row, cell by cell. */
function tableUnder(page: string, heading: string): string[][] {
  const lines = readFileSync(join(import.meta.dirname, '../docs', page), 'utf8').split('\n')
  const first = lines.indexOf(heading) + 2
  const end = lines.findIndex((line, index) => index >= first && !line.startsWith('|'))
  const rows = lines.slice(first, end < 0 ? undefined : end)
  return rows.map((row) => row.split('|').slice(1, -1)).map((cells) => cells.map((cell) => cell.trim()))
}

const inCode = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)

test('docs/encryption.md names every sealed column, and no other', () => {
  const shown = tableUnder('encryption.md', '| table | sealed columns |').map(([table, columns]) => [
    inCode(table).join(),
    inCode(columns),
  ])
  const sealed = (Object.keys(sealedColumns) as TableName[]).map((table) => {
    return [
      table,
      sealedIn(table).map(({ column }) => column.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    ] as const
  })
  expect(shown).toEqual(sealed.filter(([, columns]) => columns.length > 0))
})

test('docs/security.md says of every permission which role has it', () => {
  const shown = tableUnder('security.md', `| permission | ${roles.join(' | ')} |`)
  const granted = Object.entries<Partial<Record<string, string>>>(permissions)
  expect(shown).toEqual(granted.map(([name, reach]) => [`\`${name}\``, ...roles.map((role) => reach[role] ?? '')]))
})
