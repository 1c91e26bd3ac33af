import { usageError } from './command-error.ts'
import { ConfigError, readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import { configurationPage } from './configuration-page.ts'
import { envExample } from './env-example.ts'
import { shownSettings } from './masked-config.ts'
import type { GivenFlags, Program } from './program.ts'
import { gatherSettings, type Problem } from './setting-sources.ts'
import { yamlExample } from './yaml-example.ts'

const examples: ReadonlyMap<string, () => string> = new Map([
  ['env', envExample],
  ['yaml', yamlExample],
  ['page', configurationPage],
])

/** Where most lines say where they come from: as a comment, so that the lines may be copied to a `.env`. */
const WIDTH = 44

/** Prints what `serve` would run with, and from where. Fails as `serve` would, after it has shown the rest. */
export async function showConfig(program: Program, flags: GivenFlags): Promise<number> {
  const form = flags.text('example')
  if (form !== undefined) {
    const example = examples.get(form)
    if (!example) throw usageError(`--example ${form} is none of ${[...examples.keys()].join(', ')}`)
    program.print(example().trimEnd())
    return 0
  }
  const problems = problemsOf(program)
  for (const { name, value, from } of shownSettings(gatherSettings(program).settings, problems))
    program.print(`${`${name}=${value}`.padEnd(WIDTH)}  # ${from}`)
  if (problems.length > 0) throw new ConfigError(problems)
  return 0
}

/** Told last: it is what somebody needs to see who looks for what is missing. */
function problemsOf(program: Program): readonly Problem[] {
  try {
    readConfig(program, needs.serve)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems
  }
}
