// Why: a name and its types tell neither the promise nor the unit nor the trap, and a reader who must guess them
// guesses wrong. Whether a sentence is useful is for the review to judge; that there is one can be checked here.
import { isProgram, isTest, parse, readSources, report } from './source.mjs'

const functions = ['FunctionDeclaration', 'TSDeclareFunction', 'ArrowFunctionExpression', 'FunctionExpression']
const isFunction = (node) =>
  /^TS(As|Satisfies)Expression$/.test(node?.type) ? isFunction(node.expression) : functions.includes(node?.type)

/** Tests and the promises that adapters share tell in their titles what they do. */
export const isCovered = (path) => !isTest(path) && !/\.conformance\.ts$|\/src\/testing\//.test(path)

/** The functions that a statement declares: none, one, or those of a `const`. */
function declared(statement) {
  if (statement?.type !== 'VariableDeclaration') return isFunction(statement) ? [statement.id?.name ?? 'default'] : []
  return statement.declarations.filter(({ init }) => isFunction(init)).map(({ id }) => id.name)
}

/** @returns {{ name: string, line: number, documented: boolean }[]} one for each, overloads by the first of them */
export function findFunctions(code) {
  const { body } = parse(code).program
  const named = body
    .filter(({ type, source }) => type === 'ExportNamedDeclaration' && !source)
    .flatMap(({ specifiers }) => specifiers.map(({ local }) => local.name))
  const found = new Map()
  for (const statement of body) {
    const exported = /^Export(Named|Default)Declaration$/.test(statement.type)
    const comment = statement.leadingComments?.at(-1)
    const line = statement.loc.start.line
    const documented = comment?.value.startsWith('*') === true && comment.loc.end.line === line - 1
    for (const name of declared(exported ? statement.declaration : statement)) {
      if ((exported || named.includes(name)) && !found.has(name)) found.set(name, { name, line, documented })
    }
  }
  return [...found.values()]
}

/** @returns {string[]} one line for each exported function without a doc comment directly above it */
export function findSilent(files) {
  return files.flatMap(({ path, code }) =>
    findFunctions(code)
      .filter(({ documented }) => !documented)
      .map(({ name, line }) => `${path}:${line}: ${name} does not say what it does`),
  )
}

if (isProgram(import.meta.url)) {
  const files = readSources(['packages/*/src/**/*.ts']).filter(({ path }) => isCovered(path))
  const count = files.reduce((sum, { code }) => sum + findFunctions(code).length, 0)
  report('comments', findSilent(files), `${count} exported functions say what they do`)
}
