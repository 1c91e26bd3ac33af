import { describe, expect, test } from 'vitest'
import { findCycles, findViolations } from '../scripts/check-boundaries.mjs'
import { findExcess, reached } from '../scripts/check-bundle.mjs'
import { findSilent, isCovered } from '../scripts/check-comments.mjs'
import { findStale } from '../scripts/check-docs.mjs'
import { countCode, findLarge } from '../scripts/check-size.mjs'

describe('check-boundaries', () => {
  test.each([
    { why: 'stripe outside src/stripe', path: 'packages/core/src/refunds/a.ts', code: "import Stripe from 'stripe'" },
    { why: 'a type of it too', path: 'packages/core/src/refunds/a.ts', code: "import type { Stripe } from 'stripe'" },
    { why: 'a type by import()', path: 'packages/core/src/a.ts', code: "type S = import('stripe').Stripe" },
    { why: 'a dynamic import', path: 'packages/core/src/a.ts', code: "await import('pg')" },
    { why: 'a re-export', path: 'packages/core/src/a.ts', code: "export { sql } from 'kysely'" },
    { why: 'a require', path: 'packages/core/src/a.ts', code: "require('pg')" },
    { why: 'node: in core', path: 'packages/core/src/a.ts', code: "import { hash } from 'node:crypto'" },
    { why: 'a bare Node module', path: 'packages/core/src/a.ts', code: "import { hash } from 'crypto'" },
    { why: 'core asking HTTP', path: 'packages/core/src/a.ts', code: "import { a } from '@florin/http-hono'" },
    { why: 'vitest in a slice', path: 'packages/core/src/a.ts', code: "import { test } from 'vitest'" },
    { why: 'a port knowing its adapter', path: 'packages/core/src/ports/a.ts', code: "import '../memory/index.ts'" },
    { why: 'a path into a neighbour', path: 'packages/http-hono/src/a.ts', code: "import '../../core/src/index.ts'" },
    { why: 'the cli from the app', path: 'packages/http-hono/src/app.ts', code: "import './cli/compose.ts'" },
    { why: 'an adapter in the app', path: 'packages/http-hono/src/app.ts', code: "import '@florin/adapter-redis'" },
    { why: 'pg in the redis adapter', path: 'packages/adapter-redis/src/a.ts', code: "import 'pg'" },
    { why: 'the sandbox knowing core', path: 'packages/stripe-sandbox/src/a.ts', code: "import '@florin/core'" },
    { why: 'process.env', path: 'packages/core/src/a.ts', code: 'const a = process.env.A' },
    { why: 'Date.now', path: 'packages/core/src/a.ts', code: 'const a = Date.now()' },
    { why: 'Date.now passed on', path: 'packages/core/src/stripe/a.ts', code: 'const clock = { now: Date.now }' },
    { why: 'Math.random', path: 'packages/core/src/memory/a.ts', code: 'const a = Math.random()' },
    { why: 'new Date()', path: 'packages/core/src/a.ts', code: 'const a = new Date()' },
    { why: 'a vague folder', path: 'packages/core/src/utils/a.ts', code: 'export {}' },
    { why: 'a service class', path: 'packages/http-hono/src/a.ts', code: 'export class PaymentService {}' },
    { why: 'export *', path: 'packages/core/src/index.ts', code: "export * from './money.ts'" },
  ])('finds $why', ({ path, code }) => {
    expect(findViolations({ path, code })).toEqual([expect.stringContaining(path)])
  })

  test.each([
    { why: 'stripe in src/stripe', path: 'packages/core/src/stripe/a.ts', code: "import Stripe from 'stripe'" },
    { why: 'node: in src/node', path: 'packages/core/src/node/a.ts', code: "import 'node:crypto'; new Date()" },
    { why: 'vitest in src/testing', path: 'packages/core/src/testing/a.ts', code: "import { test } from 'vitest'" },
    { why: 'a test using anything', path: 'packages/core/src/a.test.ts', code: "import 'node:fs'; Date.now()" },
    {
      why: 'a promise using ./testing',
      path: 'packages/core/src/a/a.conformance.ts',
      code: "import '../testing/a.ts'",
    },
    { why: 'an error class', path: 'packages/core/src/errors.ts', code: 'export class FlorinError extends Error {}' },
    {
      why: 'the clock of the runtime',
      path: 'packages/core/src/runtime.ts',
      code: 'export const now = () => Date.now()',
    },
    { why: 'a date from a value', path: 'packages/core/src/a.ts', code: 'const a = new Date(0)' },
    { why: 'words in a comment', path: 'packages/core/src/a.ts', code: "// import 'pg', Date.now()\nexport {}" },
    { why: 'an adapter in the cli', path: 'packages/http-hono/src/cli/a.ts', code: "import '@florin/adapter-redis'" },
  ])('lets pass $why', ({ path, code }) => {
    expect(findViolations({ path, code })).toEqual([])
  })

  test('finds files that load each other, over any number of others, and not those that share types', () => {
    const file = (name: string, code: string) => ({ path: `packages/core/src/${name}.ts`, code })
    const circle = [file('a', "import { b } from './b.ts'"), file('b', "export * from './c/c.ts'")]
    const closing = file('c/c', "import { type A, a } from '../a.ts'")
    expect(findCycles([...circle, closing])).toEqual([expect.stringContaining('src/c/c.ts → packages/core/src/a.ts')])
    const typed = file('c/c', "import type { A } from '../a.ts'\nimport { type B } from '../b.ts'")
    expect(findCycles([...circle, typed, file('a.test', "import './a.test.ts'")])).toEqual([])
  })
})

describe('check-size', () => {
  test('counts neither blank lines nor comments, but what looks like one inside a string', () => {
    const code = [
      '/* a',
      ' b',
      ' */',
      '',
      'const a = 1 // one',
      '// no',
      "const b = '// yes' /* and",
      'no */',
      'const c = `',
      '',
      '// yes',
      '/* yes */`',
    ]
    expect(countCode(code.join('\n'))).toBe(5)
  })

  test('finds a source file of 301 lines and lets a test of 400 pass', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, index) => `const a${index} = 1`).join('\n')
    expect(findLarge([{ path: 'packages/core/src/a.ts', code: lines(301) }])).toEqual([
      'packages/core/src/a.ts: 301 lines of code, 300 allowed; split it by use case',
    ])
    expect(findLarge([{ path: 'packages/core/src/a.test.ts', code: lines(400) }])).toEqual([])
    expect(findLarge([{ path: 'packages/core/src/a.test.ts', code: lines(401) }])).toHaveLength(1)
  })
})

describe('check-comments', () => {
  const silent = (...lines: string[]) => findSilent([{ path: 'a.ts', code: lines.join('\n') }])

  test.each([
    { why: 'a function', lines: ['export function a() {}'] },
    { why: 'a function that waits', lines: ['export async function a() {}'] },
    { why: 'a constant one', lines: ['export const a = () => 1'] },
    { why: 'one that satisfies a type', lines: ['export const a = ((b) => b) satisfies B'] },
    { why: 'one that is exported later', lines: ['const a = () => 1', 'export { a as b }'] },
    { why: 'a comment that is none of its own', lines: ['/** B. */', 'export type B = 1', 'export function a() {}'] },
    { why: 'a blank line between', lines: ['/** A. */', '', 'export function a() {}'] },
    { why: 'a comment of another kind', lines: ['// A.', 'export function a() {}'] },
    { why: 'a doc comment farther up', lines: ['/** A. */', '// Why.', 'export function a() {}'] },
    { why: 'overloads, once', lines: ['export function a(): 1', 'export function a() { return 1 }'] },
  ])('finds $why', ({ lines }) =>
    expect(silent(...lines)).toEqual([expect.stringMatching(/^a\.ts:\d: a does not say/)]),
  )

  test.each([
    { why: 'one that says it', lines: ['/** A. */', 'export const a = () => 1'] },
    { why: 'one that says it at length', lines: ['/**', ' * A.', ' */', 'export async function a() {}'] },
    { why: 'what another file exports', lines: ["export { a } from './b.ts'"] },
    { why: 'its own functions', lines: ['const a = () => 1', 'function b() {}'] },
    { why: 'other constants', lines: ['export const a = b(() => 1), c = { d: () => 1 }'] },
    {
      why: 'overloads by the first',
      lines: ['/** A. */', 'export function a(): 1', 'export function a() { return 1 }'],
    },
  ])('lets pass $why', ({ lines }) => expect(silent(...lines)).toEqual([]))

  test('leaves out tests, shared promises and what runs them', () => {
    const folder = 'packages/core/src'
    expect([`${folder}/a/a.ts`, `${folder}/testing.ts`].map(isCovered)).toEqual([true, true])
    const others = [`${folder}/a/a.test.ts`, `${folder}/a/a.test-d.ts`, `${folder}/a/a.conformance.ts`]
    expect([...others, `${folder}/testing/a.ts`].map(isCovered)).toEqual([false, false, false, false])
  })
})

describe('check-docs', () => {
  const example = 'import a from "a"\n\nasync function main() {\n  await a()\n  await b()\n}\n'
  const read = (name: string) => (name === 'examples/a.ts' ? example : undefined)
  const stale = (...lines: string[]) => findStale('README.md', lines.join('\n'), read)

  test.each([
    { why: 'a part, named by its first line', lines: ['```ts', '// examples/a.ts', 'await a()', 'await b()', '```'] },
    { why: 'a part, named by the info string', lines: ['```ts file=examples/a.ts', 'import a from "a"', '```'] },
    { why: 'a part in a list', lines: ['- so:', '  ```ts', '  // examples/a.ts', '  await a()', '  ```'] },
    { why: 'other languages', lines: ['```bash', 'pnpm test', '```', '```', 'text', '```'] },
    { why: 'a fence within a longer fence', lines: ['````md', '```ts', 'anything', '```', '````'] },
    { why: 'a page without code', lines: ['# Florin'] },
  ])('lets pass $why', ({ lines }) => expect(stale(...lines)).toEqual([]))

  test.each([
    { why: 'no example named', lines: ['```ts', 'await a()', '```'], says: /names no example/ },
    { why: 'an example that is gone', lines: ['```ts', '// examples/b.ts', 'a', '```'], says: /does not exist/ },
    { why: 'another text', lines: ['```ts', '// examples/a.ts', 'await c()', '```'], says: /not a part of/ },
    { why: 'a line left out', lines: ['```ts file=examples/a.ts', 'import a', 'await a()', '```'], says: /not a part/ },
    { why: 'half a line', lines: ['```ts', '// examples/a.ts', 'await a', '```'], says: /not a part of/ },
    { why: 'an open fence', lines: ['```ts', '// examples/a.ts'], says: /never closed/ },
    { why: 'an empty block', lines: ['```ts', '// examples/a.ts', '```'], says: /is empty/ },
  ])('finds $why', ({ lines, says }) => expect(stale(...lines)).toEqual([expect.stringMatching(says)]))
})

describe('check-bundle', () => {
  const files: Record<string, string> = {
    'dist/index.js': "import { z } from 'zod'\nexport { a } from './chunk.js'\nimport './chunk.js'",
    'dist/chunk.js': "import Stripe from 'stripe'\nexport const a = await import('pg')",
  }
  const found = reached('dist/index.js', (path) => files[path] ?? '')

  test('follows files of the package, and not what is only loaded later', () => {
    expect(found.names).toEqual(['stripe', 'zod'])
  })

  test.each([
    { why: 'a name too many', may: ['zod'], kilobytes: 1, excess: ['dist/index.js loads stripe'] },
    { why: 'a size over its limit', may: ['zod', 'stripe'], kilobytes: 0.01, excess: [expect.stringMatching(/KB/)] },
    { why: 'nothing', may: ['zod', 'stripe'], kilobytes: 1, excess: [] },
  ])('finds $why', ({ excess, ...wanted }) => {
    expect(findExcess({ entry: 'dist/index.js', ...wanted }, found)).toEqual(excess)
  })
})
