import { stringify } from 'yaml'
import { describedVariables } from './described-variables.ts'

/** The text of `config.example.yaml`. What is secret stands there as a comment too: its place is the environment. */
export function yamlExample(): string {
  const lines = [
    "# Florin's settings, as a file. Copy it to config.yaml and take away the # of what you set.",
    '# Names may be nested (server: { port: 9097 }), lists may be lists; a name that is not known is an error.',
    '# The environment and .env stand above this file: keep secrets there. Made by: florin config --example yaml',
  ]
  for (const [group, variables] of describedVariables()) {
    lines.push('', `# ${group}`)
    for (const { name, about, placeholder, example, default: fallback } of variables) {
      lines.push(
        `# ${about}`,
        `#${stringify({ [name]: placeholder ?? example ?? fallback }, { lineWidth: 0, schema: 'failsafe' }).trimEnd()}`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}
