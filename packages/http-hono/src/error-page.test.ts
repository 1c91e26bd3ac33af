import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { statusOf } from './error-response.ts'

const read = (path: string) => readFileSync(join(import.meta.dirname, '../../..', path), 'utf8')
const page = read('docs/errors.md')

/** The words of a union of texts, as its source has them. */
function union(source: string, name: string): readonly string[] {
  const [, words = ''] = source.match(new RegExp(`export type ${name} =([^\\n]*(?:\\n {2}\\|[^\\n]*)*)`)) ?? []
  return [...words.matchAll(/'(\w+)'/g)].map(([, word = '']) => word)
}

const core = read('packages/core/src/errors.ts')
const kinds = { invalid: 'InvalidCode', refused: 'RefusedCode', unavailable: 'UnavailableCode', defect: 'DefectCode' }
const codes = Object.entries(kinds).flatMap(([kind, name]) => union(core, name).map((code) => ({ code, kind })))
const httpCodes = union(read('packages/http-hono/src/http-error.ts'), 'HttpErrorCode').map((code) => ({ code }))

const status = (code: string): number | undefined => Object.entries(statusOf).find(([known]) => known === code)?.[1]

test('docs/errors.md names every code of core with its kind, its status and what to do', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \| (\d{3}) \| (.+) \|$/gm)]
  const told = rows.map(([, code, kind, http]) => ({ code, kind, status: Number(http) }))
  expect(codes.length).toBeGreaterThan(30)
  expect(told).toEqual(
    codes.map(({ code, kind }) => ({ code, kind, status: status(code) })).sort(inThePagesOrder(told)),
  )
  expect(rows.every(([, , , , advice = '']) => advice.length > 5)).toBe(true)
})

test('docs/errors.md names every code that only the server answers', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\d{3}) \| .+ \|$/gm)]
  const told = rows.map(([, code, http]) => ({ code, status: Number(http) }))
  expect(told).toEqual(httpCodes.map(({ code }) => ({ code, status: status(code) })).sort(inThePagesOrder(told)))
})

test('every code that has a status is one of these', () => {
  expect(Object.keys(statusOf).sort()).toEqual([...codes, ...httpCodes].map(({ code }) => code).sort())
})

interface Coded {
  readonly code?: string | undefined
}

const inThePagesOrder = (told: readonly Coded[]) => {
  const placeOf = ({ code }: Coded) => told.findIndex((row) => row.code === code)
  return (a: Coded, b: Coded) => placeOf(a) - placeOf(b)
}
