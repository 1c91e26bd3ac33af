import { about } from './variable-groups.ts'
import { variableNames, variables } from './variables.ts'

/** The text of `.env.example`: every variable with what it is for, and what it is when it is not set. */
export function envExample(): string {
  const lines = [
    "# Florin's settings. Copy this file to .env and fill in what has a value below; the rest may stay as it is.",
    '# The environment stands above .env, and .env above config.yaml. Made by: florin config --example',
  ]
  let group: string | undefined
  for (const name of variableNames) {
    const schema = variables.shape[name]
    const told = about.get(schema)
    if (!told) throw new Error(`nothing is told about ${name}`)
    if (told.group !== group) lines.push('', `# ${told.group}`)
    group = told.group
    lines.push(`# ${told.about}`)
    lines.push(
      told.placeholder === undefined ? `#${name}=${told.example ?? defaultOf(schema)}` : `${name}=${told.placeholder}`,
    )
  }
  return `${lines.join('\n')}\n`
}

const defaultOf = (schema: (typeof variables.shape)[keyof typeof variables.shape]): string => {
  const fallback = schema.safeParse(undefined).data
  return fallback === undefined ? '' : String(fallback)
}
