import { readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import { envExample } from './env-example.ts'
import { masked } from './masked-config.ts'
import type { GivenFlags, Program } from './program.ts'

/** Prints what `serve` would run with. Fails as `serve` would. */
export async function showConfig(program: Program, flags: GivenFlags): Promise<number> {
  if (flags.isSet('example')) {
    program.print(envExample().trimEnd())
    return 0
  }
  for (const [name, value] of Object.entries(masked(readConfig(program, needs.serve))))
    program.print(`${name}=${value}`)
  return 0
}
