// Why: pnpm only stops imports of packages that a package.json does not name. It does not stop core from reaching for
// stripe outside src/stripe, a use case from reading the clock, or an adapter from deciding what core should decide.
// Those would work here and break for whoever runs core on another runtime or tests it with a clock of their own.
import { posix } from 'node:path'
import { isProgram, isTest, parse, readSources, report, walk } from './source.mjs'

/** What each package may import, anywhere or under one folder. Type imports count: consumers compile against them. */
const mayImport = {
  core: {
    '': ['zod', 'typeid-js'],
    'src/stripe/': ['stripe'],
    'src/events/': ['standardwebhooks'],
    'src/node/': ['node:*'],
    'src/testing/': ['node:*', 'vitest'],
  },
  'adapter-postgres': { '': ['node:*', '@florin/core', 'kysely', 'kysely/*', 'pg', '@electric-sql/pglite'] },
  'adapter-redis': { '': ['node:*', '@florin/core', '@florin/core/memory', 'ioredis', 'rate-limiter-flexible'] },
  'stripe-sandbox': { '': ['node:*', 'hono', 'hono/*', '@hono/node-server', '@hono/node-server/*', 'stripe', 'zod'] },
  'http-hono': {
    '': [
      ...['node:*', '@florin/core', 'hono', 'hono/*', '@hono/zod-openapi', '@hono/node-server', '@hono/node-server/*'],
      ...['jose', 'prom-client', 'zod', 'pino'],
    ],
    'src/cli/': [
      ...['@florin/core/*', '@florin/adapter-postgres', '@florin/adapter-redis', '@florin/stripe-sandbox'],
      ...['@electric-sql/pglite', '@opentelemetry/api', 'ioredis', 'kysely', 'pg', 'stripe', 'yaml'],
    ],
  },
}

/** Folders that nothing beside them may import: what fills the ports depends on the ports, never the reverse. */
const outermost = {
  core: ['src/stripe/', 'src/memory/', 'src/node/', 'src/testing/'],
  'http-hono': ['src/cli/'],
}

const vagueFolders = ['utils', 'helpers', 'services', 'types']

/** Time, chance and the environment reach core through its ports only; these files fill those ports. */
const ambientAllowed = ['src/runtime.ts', 'src/node/', 'src/testing/']

/** @returns {string[]} one line for each rule that the file breaks */
export function findViolations({ path, code }) {
  const [, packageName, ...rest] = path.split('/')
  const inner = rest.join('/')
  const found = rest
    .slice(0, -1)
    .filter((folder) => vagueFolders.includes(folder))
    .map((folder) => `${path}: a folder named ${folder} says nothing of what is in it`)
  const add = (node, what) => found.push(`${path}:${node.loc.start.line}: ${what}`)
  const ambientForbidden = packageName === 'core' && !ambientAllowed.some((folder) => inner.startsWith(folder))

  walk(parse(code).program, (node) => {
    const target = importedName(node)
    if (/^Class(Declaration|Expression)$/.test(node.type) && !/Error/.test(node.superClass?.name ?? '')) {
      add(node, 'a class that is no error: use functions and object literals')
    }
    if (isTest(path)) return
    if (target !== undefined) for (const what of importViolations(packageName, inner, target)) add(node, what)
    if (node.type === 'ExportAllDeclaration') add(node, 'export * hides what is public: list the names')
    if (ambientForbidden && !isConformance(inner)) {
      const ambient = ambientUse(node)
      if (ambient) add(node, `${ambient} in core: take it from a port`)
    }
  })
  return found
}

function importedName(node) {
  if (/^(Import|ExportNamed|ExportAll)Declaration$/.test(node.type)) return node.source?.value
  if (node.type === 'ImportExpression') return node.source.value
  if (node.type === 'TSImportType') return (node.source ?? node.argument)?.value
  if (node.type !== 'CallExpression') return undefined
  return node.callee.type === 'Import' || node.callee.name === 'require' ? node.arguments[0]?.value : undefined
}

// The promises of a slice stand beside it, but belong to ./testing.
const isConformance = (inner) => inner.endsWith('.conformance.ts')

function importViolations(packageName, inner, target) {
  const place = isConformance(inner) ? 'src/testing/' : inner
  if (target.startsWith('.')) {
    const file = posix.join(posix.dirname(inner), target)
    if (!file.startsWith('src/')) return [`imports ${target}, which is outside this package's src`]
    return (outermost[packageName] ?? [])
      .filter((folder) => file.startsWith(folder) && !place.startsWith(folder) && !place.startsWith('src/testing/'))
      .map((folder) => `imports ${target}: nothing outside ${folder} may depend on it`)
  }
  const allowed = Object.entries(mayImport[packageName] ?? {})
    .filter(([folder]) => place.startsWith(folder))
    .flatMap(([, names]) => names)
  const fits = (name) => (name.endsWith('*') ? target.startsWith(name.slice(0, -1)) : target === name)
  return allowed.some(fits) ? [] : [`imports ${target}, which this folder may not`]
}

function ambientUse(node) {
  if (node.type === 'NewExpression' && node.callee.name === 'Date' && node.arguments.length === 0) return 'new Date()'
  if (node.type === 'CallExpression' && node.callee.name === 'Date') return 'Date()'
  if (node.type !== 'MemberExpression') return undefined
  const name = `${node.object.name}.${node.computed ? node.property.value : node.property.name}`
  if (node.object.name === 'process' || node.object.name === 'globalThis') return name
  return ['Date.now', 'Math.random', 'performance.now'].includes(name) ? name : undefined
}

/** The files that a file loads when it runs: types load nothing. */
function loaded({ path, code }) {
  return parse(code).program.body.flatMap(({ type, source, importKind, exportKind, specifiers = [] }) => {
    const isModule = /^(Import|Export)/.test(type) && source?.value.startsWith('.')
    const kinds = specifiers.map((one) => one.importKind ?? one.exportKind ?? 'value')
    const isTyped = importKind === 'type' || exportKind === 'type' || (kinds.length > 0 && !kinds.includes('value'))
    return isModule && !isTyped ? [posix.join(posix.dirname(path), source.value)] : []
  })
}

/** @returns {string[]} one line for each circle of files that load each other: which runs first is chance */
export function findCycles(files) {
  const loads = new Map(files.filter(({ path }) => !isTest(path)).map((file) => [file.path, loaded(file)]))
  const done = new Set()
  const found = []
  const visit = (path, way) => {
    const start = way.indexOf(path)
    if (start >= 0) found.push(`${way.slice(start).join(' → ')} → ${path}: these load each other`)
    if (start >= 0 || done.has(path)) return
    for (const next of loads.get(path) ?? []) visit(next, [...way, path])
    done.add(path)
  }
  for (const path of loads.keys()) visit(path, [])
  return found
}

if (isProgram(import.meta.url)) {
  const files = readSources(['packages/*/src/**/*.ts'])
  const found = [...files.flatMap(findViolations), ...findCycles(files)]
  report('boundaries', found, `${files.length} files keep to the table, and none loads itself`)
}
