// What the checks of published packages share. They look at tarballs, because that is what users install: the source
// tree has files and conditions that a tarball lacks, and `npm pack` would leave workspace: versions in it.
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './source.mjs'

/** Runs a program and shows its output only when it fails. */
export function run(program, args, cwd = root) {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim()
    throw new Error(`${program} ${args.join(' ')} failed\n${said || error.message}`)
  }
}

/** Packs every public package, hands their tarballs to `use` and removes them. */
export async function withTarballs(use) {
  const folder = mkdtempSync(join(tmpdir(), 'florin-packages-'))
  try {
    const tarballs = globSync('packages/*/package.json', { cwd: root })
      .sort()
      .map((manifest) => ({
        name: JSON.parse(readFileSync(join(root, manifest), 'utf8')).name,
        source: join(root, dirname(manifest)),
      }))
      .map(({ name, source }) => {
        const file = join(folder, `${name.replace('@', '').replace('/', '-')}.tgz`)
        run('pnpm', ['pack', '--out', file], source)
        return { name, file }
      })
    return await use(tarballs, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
