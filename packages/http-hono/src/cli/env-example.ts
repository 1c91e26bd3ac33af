import { describedVariables } from './described-variables.ts'

/** The text of `.env.example`: every variable with what it is for, and what it is when it is not set. */
export function envExample(): string {
  const lines = [
    "# Florin's settings. Copy this file to .env and fill in what has a value below; the rest may stay as it is.",
    '# The environment stands above .env, and .env above config.yaml. Made by: florin config --example env',
  ]
  for (const [group, variables] of describedVariables()) {
    lines.push('', `# ${group}`)
    for (const { name, about, placeholder, toTry, example, default: fallback } of variables) {
      const set = placeholder ?? toTry?.value
      lines.push(`# ${about}`, ...(toTry?.why.map((line) => `# ${line}`) ?? []))
      lines.push(set === undefined ? `#${name}=${example ?? fallback}` : `${name}=${set}`)
    }
  }
  return `${lines.join('\n')}\n`
}
