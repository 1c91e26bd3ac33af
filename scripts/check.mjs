// Why: what `pnpm test` cannot see, in one command. Every check runs, also after one that failed, so that one run
// tells all there is to mend.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './source.mjs'

const script = (name, ...flags) => ({
  name,
  program: process.execPath,
  args: [join(root, 'scripts', `${name}.mjs`), ...flags],
})
const checks = [
  { name: 'knip', program: 'knip', args: ['--no-progress'] },
  ...[
    'check-boundaries',
    'check-bundle',
    'check-size',
    'check-comments',
    'check-docs',
    'check-packages',
    'check-install',
  ].map((name) => script(name)),
  script('stripe-schema', '--check'),
  script('draw-states', '--check'),
]

const failed = checks.filter(({ program, args }) => {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (error) console.error(error.message)
  return status !== 0
})
console.log(
  failed.length === 0 ? `${checks.length} checks passed` : `failed: ${failed.map(({ name }) => name).join(', ')}`,
)
if (failed.length > 0) process.exitCode = 1
