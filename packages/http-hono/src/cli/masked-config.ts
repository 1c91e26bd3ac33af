import { about } from './variable-groups.ts'
import { type Config, type VariableName, variableNames, variables } from './variables.ts'

/** The configuration as it may be shown: of a secret only whether it is set. */
export function masked(config: Config): Readonly<Record<VariableName, string>> {
  const shown = variableNames.map((name) => [name, show(config[name], about.get(variables.shape[name])?.secret)])
  // True by construction: every variable has one entry.
  return Object.fromEntries(shown) as Record<VariableName, string>
}

function show(value: Config[VariableName], secret: true | undefined): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ''
  if (secret) return '[set]'
  return value instanceof RegExp ? value.source : String(value)
}
