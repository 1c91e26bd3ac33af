import { needs } from './config-needs.ts'
import { type About, about } from './variable-groups.ts'
import { type VariableName, variableNames, variables } from './variables.ts'

/** A variable and what is told of it. */
export interface DescribedVariable extends About {
  readonly name: VariableName
  /** What it is where it is not set; empty where it is nothing. */
  readonly default: string
  /** Whether `serve` does not start without it, or without another one of its kind. */
  readonly required: boolean
}

/** Every variable, by group, in one order: what the examples and the page about the configuration are made from. */
export function describedVariables(): ReadonlyMap<string, readonly DescribedVariable[]> {
  const required: readonly VariableName[] = needs.serve.required.map(([first]) => first)
  const groups = new Map<string, DescribedVariable[]>()
  for (const name of variableNames) {
    const schema = variables.shape[name]
    const told = about.get(schema)
    if (!told) throw new Error(`nothing is told about ${name}`)
    const fallback = schema.safeParse(undefined).data
    const described = {
      ...{ ...told, name, required: required.includes(name) },
      default: told.default ?? (fallback === undefined ? '' : String(fallback)),
    }
    groups.set(told.group, [...(groups.get(told.group) ?? []), described])
  }
  return groups
}
