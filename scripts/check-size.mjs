// Why: a file that grows without a limit ends up holding all the business logic. Medians do not show it, so the
// largest file is what is checked. Blank lines and comments are free: nobody should save on an explanation.
import { isProgram, isTest, parse, readSources, report } from './source.mjs'

const limits = { source: 300, test: 400 }

/** Counts the lines that hold code. */
export function countCode(code) {
  const lines = code.split('\n')
  const used = new Set()
  for (const token of parse(code).tokens) {
    if (token.type === 'CommentBlock' || token.type === 'CommentLine') continue
    for (let line = token.loc.start.line; line <= token.loc.end.line; line++) {
      if (lines[line - 1]?.trim()) used.add(line)
    }
  }
  return used.size
}

/** @returns {string[]} one line for each file over its limit */
export function findLarge(files) {
  return files
    .map(({ path, code }) => ({ path, size: countCode(code), limit: isTest(path) ? limits.test : limits.source }))
    .filter(({ size, limit }) => size > limit)
    .map(({ path, size, limit }) => `${path}: ${size} lines of code, ${limit} allowed; split it by use case`)
}

function summary(files) {
  const sizes = files.map(({ code }) => countCode(code)).sort((a, b) => a - b)
  const at = (share) => sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * share))] ?? 0
  return `${sizes.length} files, lines of code median ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)}`
}

if (isProgram(import.meta.url)) {
  const files = readSources([
    'packages/*/{src,test}/**/*.ts',
    'examples/*/{src,test}/**/*.ts',
    'bench/**/*.ts',
    'test/**/*.ts',
  ])
  const tests = files.filter(({ path }) => isTest(path))
  const sources = files.filter(({ path }) => !isTest(path))
  report('size', findLarge(files), `source ${summary(sources)}; tests ${summary(tests)}`)
}
