// Why: only an installation outside the workspace shows what users get. A program of a few lines is compiled against
// the packed types, without skipping the check of the libraries' own, and run against the packed code.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, withTarballs } from './packages.mjs'
import { isProgram, report, root } from './source.mjs'

const compilerOptions = {
  ...{ target: 'es2023', module: 'nodenext', lib: ['es2023', 'dom', 'dom.iterable'], types: ['node'] },
  ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
}

function install(tarballs, project) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const stripe = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8')).peerDependencies.stripe
  const beside = [`typescript@${manifest.devDependencies.typescript}`, '@types/node@24', `stripe@${stripe}`]
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'program', private: true, type: 'module' }))
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
  copyFileSync(join(root, 'scripts/fixtures/install-program.ts'), join(project, 'program.ts'))
  run('npm', ['install', '--no-audit', '--no-fund', ...tarballs.map(({ file }) => file), ...beside], project)
}

if (isProgram(import.meta.url)) {
  try {
    const said = await withTarballs((tarballs, folder) => {
      const project = join(folder, 'program')
      install(tarballs, project)
      run(process.execPath, ['node_modules/typescript/bin/tsc'], project)
      return run(process.execPath, ['program.js'], project).trim()
    })
    report('install', [], said)
  } catch (error) {
    report('install', [error.message], '')
  }
}
