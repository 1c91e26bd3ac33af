// What the check scripts share: the list of source files, and a parser. TypeScript 7 offers no API to parse with.
import { globSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse as babel } from '@babel/parser'

export const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))))

/** @returns {{ path: string, code: string }[]} the TypeScript files, with paths from the root, forward slashes */
export function readSources(patterns, from = root) {
  return globSync(patterns, { cwd: from, exclude: (path) => /(^|[\\/])(node_modules|dist)$/.test(String(path)) })
    .map((path) => path.split(sep).join('/'))
    .sort()
    .map((path) => ({ path, code: readFileSync(`${from}/${path}`, 'utf8') }))
}

export function parse(code) {
  return babel(code, { sourceType: 'module', plugins: ['typescript'], tokens: true })
}

export const isTest = (path) => /\.(test|test-d)\.ts$/.test(path) || /^[^/]+\/[^/]+\/test\//.test(path)

/** Calls `visit` for every node of the tree. */
export function walk(node, visit) {
  visit(node)
  for (const [key, value] of Object.entries(node)) {
    if (key === 'loc' || key === 'tokens' || key.endsWith('omments')) continue
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child.type === 'string') walk(child, visit)
    }
  }
}

/** Whether this module is the program that was started, not an import of a test or of another script. */
export const isProgram = (moduleUrl) =>
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(moduleUrl))

/** Ends a check: prints its findings, or one line that says what was looked at, so that silence never means success. */
export function report(name, findings, looked) {
  if (findings.length > 0) {
    console.error(`${name}: ${findings.length} found\n${findings.map((finding) => `  ${finding}`).join('\n')}`)
    process.exitCode = 1
    return
  }
  console.log(`${name}: ${looked}`)
}
