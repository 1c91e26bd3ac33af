import { type DescribedVariable, describedVariables } from './described-variables.ts'

const introduction = `# Configuration

Every setting has one name, wherever it is written. The environment stands above \`.env\`, that above \`config.yaml\`
(\`CONFIG_FILE\` names another file), and that above the defaults; a flag of the command line stands above all. A blank value
is not set. In \`config.yaml\` names may be nested, and lists may be lists:

\`\`\`yaml
server: { port: 9097 }
cors_origins: [https://shop.example]
\`\`\`

A name in \`config.yaml\` that is not known is an error, with the name that was probably meant. Whatever is missing or wrong
is told at once, by name and with the fix, and the command ends with exit code 78. \`florin config\` shows what is in force
and from where, secrets masked, and does so where something is missing or wrong as well. Secrets never stand in a message.

\`NODE_ENV=production\` refuses secrets that stand in Florin's own source and examples, a \`JWT_SECRET\` of less than 32
characters, keys that would travel over plain HTTP, and \`NODE_TLS_REJECT_UNAUTHORIZED=0\`.

Times are written as \`30s\`, \`15m\`, \`1h\` or \`30d\`; switches as \`true\` or \`false\`. [.env.example](../.env.example) and
[config.example.yaml](../config.example.yaml) hold every setting with its default. One stands otherwise in \`.env.example\`,
so that a copy of it takes first payments without a key: take \`REQUIRE_IDEMPOTENCY_KEY=false\` out for production.`

/** The text of \`docs/configuration.md\`. */
export function configurationPage(): string {
  const sections = [...describedVariables()].map(([group, variables]) =>
    [`## ${group}`, '', '| setting | what it is | default |', '|---|---|---|', ...variables.map(row)].join('\n'),
  )
  const made = '<!-- Made by: florin config --example page. The text is in packages/http-hono/src/cli. -->'
  return `${[made, introduction, ...sections].join('\n\n')}\n`
}

function row({ name, about, get, example, default: fallback, required, secret }: DescribedVariable): string {
  const told = [`${about}.`, ...(secret ? ['Secret.'] : []), ...(get ? [`${capital(get)}.`] : [])]
  const like = !required && fallback === '' && example !== undefined && !secret ? ` Such as ${code(example)}.` : ''
  const value = required ? '*needed by `serve`*' : fallback === '' ? '' : code(fallback)
  return `| ${code(name)} | ${cell(told.join(' ') + like)} | ${cell(value)} |`
}

const code = (text: string) => `\`${text}\``
const cell = (text: string) => text.replaceAll('|', '\\|')
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
