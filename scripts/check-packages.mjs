// Why: a missing export, a wrong types path or a file left out of the tarball works in this workspace and fails for
// every user.

import { run, withTarballs } from './packages.mjs'
import { isProgram, report } from './source.mjs'

function findFaults({ name, file }) {
  const attempts = [
    ['publint', ['--strict', file]],
    ['attw', [file, '--profile', 'esm-only', '--no-emoji', '--no-color']],
  ]
  return attempts.flatMap(([program, args]) => {
    try {
      run(program, args)
      return []
    } catch (error) {
      return [`${name}: ${error.message}`]
    }
  })
}

if (isProgram(import.meta.url)) {
  await withTarballs((tarballs) =>
    report('packages', tarballs.flatMap(findFaults), `${tarballs.length} tarballs satisfy publint and attw`),
  )
}
