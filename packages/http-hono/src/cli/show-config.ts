import { usageError } from './command-error.ts'
import { readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import { configurationPage } from './configuration-page.ts'
import { envExample } from './env-example.ts'
import { masked } from './masked-config.ts'
import type { GivenFlags, Program } from './program.ts'
import { yamlExample } from './yaml-example.ts'

const examples: ReadonlyMap<string, () => string> = new Map([
  ['env', envExample],
  ['yaml', yamlExample],
  ['page', configurationPage],
])

/** Prints what `serve` would run with. Fails as `serve` would. */
export async function showConfig(program: Program, flags: GivenFlags): Promise<number> {
  const form = flags.text('example')
  if (form !== undefined) {
    const example = examples.get(form)
    if (!example) throw usageError(`--example ${form} is none of ${[...examples.keys()].join(', ')}`)
    program.print(example().trimEnd())
    return 0
  }
  for (const [name, value] of Object.entries(masked(readConfig(program, needs.serve))))
    program.print(`${name}=${value}`)
  return 0
}
