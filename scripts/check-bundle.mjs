// Why: what core's entry reaches at run time is loaded by everybody who imports it, on a laptop as in a Worker. Names are
// checked before sizes: one import too many (stripe, pg, vitest) costs more than any code of ours, and works unnoticed.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { isProgram, parse, report, root, walk } from './source.mjs'

const entries = [
  { entry: 'packages/core/dist/index.js', may: ['zod', 'typeid-js', 'standardwebhooks'], kilobytes: 72 },
  { entry: 'packages/core/dist/stripe/index.js', may: ['zod', 'stripe'], kilobytes: 24 },
  { entry: 'packages/core/dist/memory/index.js', may: ['zod'], kilobytes: 12 },
  { entry: 'packages/core/dist/node/index.js', may: [/^node:/], kilobytes: 8 },
  { entry: 'packages/http-hono/dist/client.js', may: [], kilobytes: 8 },
]

/** Everything that a built file loads when it is imported: files of its own package, and names of others. */
export function reached(entry, read = (path) => readFileSync(join(root, path), 'utf8')) {
  const files = new Map()
  const names = new Set()
  const visit = (path) => {
    if (files.has(path)) return
    const code = read(path)
    files.set(path, code)
    walk(parse(code).program, (node) => {
      const source = /^(Import|Export)\w*Declaration$/.test(node.type) ? node.source?.value : undefined
      if (source?.startsWith('.')) visit(join(dirname(path), source))
      else if (source !== undefined) names.add(source)
    })
  }
  visit(entry)
  return { names: [...names].sort(), code: [...files.values()].join('\n') }
}

/** @returns {string[]} one line for each name that must not be there, and for a size over its limit */
export function findExcess({ entry, may, kilobytes }, { names, code }) {
  const isAllowed = (name) => may.some((one) => (typeof one === 'string' ? name === one : one.test(name)))
  const size = gzipSync(code).length / 1024
  return [
    ...names.filter((name) => !isAllowed(name)).map((name) => `${entry} loads ${name}`),
    ...(size > kilobytes ? [`${entry} has ${size.toFixed(1)} KB (gzip), ${kilobytes} allowed`] : []),
  ]
}

if (isProgram(import.meta.url)) {
  const looked = entries.map((wanted) => ({ wanted, found: reached(wanted.entry) }))
  const sizes = looked.map(
    ({ wanted, found }) => `${wanted.entry.replace('/dist', '')} ${(gzipSync(found.code).length / 1024).toFixed(1)} KB`,
  )
  report(
    'bundle',
    looked.flatMap(({ wanted, found }) => findExcess(wanted, found)),
    sizes.join(', '),
  )
}
