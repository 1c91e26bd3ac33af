import { checkRules } from './config-rules.ts'
import { gatherSettings, type Place, type Problem, type Settings } from './setting-sources.ts'
import { about } from './variable-groups.ts'
import { type Config, type VariableName, variableNames, variables } from './variables.ts'

/** The configuration cannot be used. Names everything that is wrong, and never a value that is secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const width = Math.max(...problems.map(({ name }) => name.length))
    super(problems.map(({ name, message }) => `  ${name.padEnd(width)}  ${message}`).join('\n'))
    this.problems = problems
  }
}

/** What a command asks of the configuration. */
export interface Needs {
  /** What it reads. Nothing else is looked at, so that a wrong setting only stops who uses it. */
  readonly uses: readonly VariableName[]
  /** What must be set; of a group, at least one. */
  readonly required?: readonly (readonly VariableName[])[]
  /** Whether `NODE_ENV=production` refuses weak and public secrets. */
  readonly guarded?: boolean
  /** Whether nothing outside of this machine may be contacted. */
  readonly local?: boolean
}

/**
 * Reads and checks the configuration.
 *
 * @throws ConfigError with every problem at once
 */
export function readConfig(place: Place, needs: Needs): Config {
  const { settings, problems } = gatherSettings(place)
  const used = only(settings, needs.uses)
  const result = variables.safeParse(mapValues(used))
  const wrong = result.success ? [] : result.error.issues.map((issue) => toProblem(issue, used))
  const all = [...problems, ...wrong, ...checkRules(used, needs, place.environment)]
  if (all.length > 0 || !result.success) throw new ConfigError(inOrder(all))
  return result.data
}

/**
 * The value of a variable that the command requires, so that it was checked to be there.
 *
 * @throws ConfigError where it was not
 */
export function given<Name extends VariableName>(config: Config, name: Name): NonNullable<Config[Name]> {
  const value = config[name]
  if (value === undefined || value === null) throw new ConfigError([{ name, message: 'is not set' }])
  return value
}

const only = (settings: Settings, names: readonly VariableName[]): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => names.some((used) => used === name)))

const mapValues = (settings: Settings): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).map(([name, { value }]) => [name, value]))

function toProblem({ path, message }: { path: PropertyKey[]; message: string }, settings: Settings): Problem {
  const name = variableNames.find((known) => known === path[0])
  const given = name && settings[name]
  if (!name || !given) return { name: path.map(String).join('.'), message }
  const shown = about.get(variables.shape[name])?.secret ? '' : `, not "${given.value}"`
  return { name, message: `${message}${shown} (from ${given.from})` }
}

const inOrder = (problems: readonly Problem[]): Problem[] => {
  const names: readonly string[] = variableNames
  const place = ({ name }: Problem) => names.indexOf(name)
  return [...problems].sort((one, other) => place(one) - place(other))
}
