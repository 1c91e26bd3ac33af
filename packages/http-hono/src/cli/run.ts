import { outside } from './config-needs.ts'
import type { GivenFlags, Program } from './program.ts'
import { gatherSettings } from './setting-sources.ts'

/** What `make run` does: the server when something is configured that only a server has, otherwise the sandbox. */
export async function run(program: Program, flags: GivenFlags): Promise<number> {
  const { settings } = gatherSettings(program)
  const reason = outside.find((name) => settings[name])
  if (reason !== undefined || settings.NODE_ENV?.value === 'production') {
    const why = reason === undefined ? 'NODE_ENV is production' : `${reason} is set in ${settings[reason]?.from}`
    program.complain(`${why}: florin serve`)
    return (await import('./serve.ts')).serve(program, flags)
  }
  program.complain('Nothing is configured: florin dev')
  return (await import('./dev.ts')).dev(program, flags)
}
