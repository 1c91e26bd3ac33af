// Why: code in a page is copied by the reader and checked by nobody. Every ts block in README.md and docs/ therefore
// names the example that it comes from and equals a part of it, and the examples are compiled and run by the tests.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isProgram, report, root } from './source.mjs'

/** @returns {{ line: number, info: string, lines: string[], closed: boolean }[]} the fenced blocks of a page */
export function readBlocks(page) {
  const blocks = []
  let open
  for (const [index, line] of page.split('\n').entries()) {
    const fence = line.match(/^(\s*)(`{3,}|~{3,})\s*(.*)$/)
    if (open === undefined) {
      if (fence) open = { line: index + 1, indent: fence[1], fence: fence[2], info: fence[3].trim(), lines: [] }
    } else if (fence && fence[3] === '' && fence[2].startsWith(open.fence)) {
      blocks.push({ ...open, closed: true })
      open = undefined
    } else {
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    }
  }
  if (open) blocks.push({ ...open, closed: false })
  return blocks
}

/** @returns {string[]} one line for each ts block that is not a part of the example it names */
export function findStale(path, page, readExample) {
  return readBlocks(page).flatMap(({ line, info, lines, closed }) => {
    const [language] = info.split(/\s/)
    const at = `${path}:${line}`
    if (!closed) return [`${at}: the block is never closed`]
    if (language !== 'ts' && language !== 'typescript') return []
    const inInfo = info.match(/\sfile=(examples\/\S+)/)?.[1]
    const inFirstLine = lines[0]?.match(/^\/\/ (examples\/\S+)$/)?.[1]
    const name = inInfo ?? inFirstLine
    if (!name) return [`${at}: names no example; begin it with "// examples/<file>" or use "ts file=examples/<file>"`]
    const example = readExample(name)
    if (example === undefined) return [`${at}: ${name} does not exist`]
    const wanted = dedent(inInfo ? lines : lines.slice(1))
    if (wanted.length === 0) return [`${at}: is empty`]
    return contains(example.split('\n'), wanted) ? [] : [`${at}: is not a part of ${name}`]
  })
}

const contains = (lines, wanted) =>
  lines.some((_, start) => {
    const part = dedent(lines.slice(start, start + wanted.length))
    return part.length === wanted.length && part.every((line, index) => line === wanted[index])
  })

/** Takes away the indentation that all lines share, and empty lines at both ends. */
function dedent(lines) {
  const first = lines.findIndex((line) => line.trim())
  const used = first < 0 ? [] : lines.slice(first, lines.findLastIndex((line) => line.trim()) + 1)
  const shared = Math.min(...used.filter((line) => line.trim()).map((line) => line.search(/\S/)))
  return used.map((line) => line.slice(shared).trimEnd())
}

if (isProgram(import.meta.url)) {
  const read = (name) => (existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8') : undefined)
  const pages = globSync(['README.md', 'docs/**/*.md', 'packages/*/README.md'], { cwd: root })
  const stale = pages.flatMap((path) => findStale(path, read(path) ?? '', read))
  report('docs', stale, `every ts block of ${pages.length} pages is a part of an example`)
}
