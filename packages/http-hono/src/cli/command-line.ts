import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { isFlorinError } from '@florin/core'
import { z } from 'zod'
import { closest } from './closest.ts'
import { CommandError, exitCodes, hasCode, usageError } from './command-error.ts'
import { commands } from './commands.ts'
import { ConfigError } from './config.ts'
import { sandboxIn } from './dev-folder.ts'
import type { Command, GivenFlags, Program } from './program.ts'

/** Runs what the arguments say. Answers the exit code; never throws. */
export async function runCommandLine(args: readonly string[], program: Program): Promise<number> {
  const [first, ...others] = args
  if (first === undefined || (others.length === 0 && isHelp(first))) {
    program.print(overview())
    return first === undefined ? exitCodes.usage : 0
  }
  if (['--version', '-v', 'version'].includes(first)) {
    program.print(version())
    return 0
  }
  // `florin help serve` is `florin serve --help`.
  const [name = '', ...rest] = isHelp(first) ? [...others.slice(0, 1), '--help'] : args
  const command = commands.find((known) => known.name === name)
  if (!command) {
    const meant = closest(
      name,
      commands.map((known) => known.name),
    )
    program.complain(`florin: there is no command ${name}${meant ? `; is ${meant} meant?` : ''} (florin --help)`)
    return exitCodes.usage
  }
  try {
    const given = readFlags(command, rest)
    if (given.flags.isSet('help')) {
      program.print(helpOf(command))
      return 0
    }
    return await command.run(program, given.flags, given.word, given.operand)
  } catch (error) {
    return explain(error, command, program)
  }
}

const isHelp = (word: string) => ['--help', '-h', 'help'].includes(word)

/** By the package's name, which leads to it from the sources as well as from what is built of them. */
function version(): string {
  const file: unknown = createRequire(import.meta.url)('@florin/http-hono/package.json')
  return z.object({ version: z.string() }).parse(file).version
}

function explain(error: unknown, { name }: Command, program: Program): number {
  if (error instanceof ConfigError) {
    const count = error.problems.length
    const settings = count === 1 ? 'one setting is' : `${count} settings are`
    // It shows them for the server, and was able to.
    const command = name === 'config' ? 'serve' : name
    program.complain(`florin ${command} cannot start: ${settings} missing or wrong.\n\n${error.message}\n`)
    program.complain('Set them in the environment, in .env or in config.yaml; .env.example explains each.')
    const sandbox = sandboxIn(program.folder)
    if (sandbox && !['serve', 'run', 'config'].includes(name)) program.complain(besides(sandbox))
    if (name === 'serve') program.complain('To try Florin without any settings: florin dev')
    return exitCodes.config
  }
  if (error instanceof CommandError) {
    program.complain(`florin ${name}: ${error.message}`)
    return error.exitCode
  }
  // Not the exit code of a difference that was found: a schedule must be able to tell them apart.
  if (isFlorinError(error) && error.kind === 'unavailable') {
    program.complain(`florin ${name}: ${error.message}. Run it again when that is over; what is done stays done.`)
    return exitCodes.tryAgain
  }
  // What was asked for is wrong or not allowed. That is no fault of the program's, so nobody needs to see where it was.
  if (isFlorinError(error) && error.kind !== 'defect') {
    program.complain(`florin ${name}: ${error.message}`)
    return 1
  }
  program.complain(`florin ${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  return 1
}

/** The commands are for a server's database. Whoever tries the sandbox has none, and a database that one process holds. */
function besides(sandbox: 'runs' | 'ran'): string {
  const first = sandbox === 'runs' ? 'ask it' : 'start florin dev and ask it'
  const how = 'GET /api/v1/webhook-events with the admin token that florin dev prints'
  return `A sandbox ${sandbox} here, which this command does not reach: ${first} over HTTP, e.g. ${how}.`
}

interface Given {
  readonly flags: GivenFlags
  readonly word: string | undefined
  readonly operand: string | undefined
}

function readFlags(command: Command, args: readonly string[]): Given {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, { type, multiple = false }]) => [name, { type, multiple }]),
  )
  const parsed = (() => {
    try {
      const help = { type: 'boolean', short: 'h' } as const
      return parseArgs({ args: [...args], options: { ...options, help }, allowPositionals: true, strict: true })
    } catch (error) {
      throw flagError(error, command)
    }
  })()
  const { words = [] } = command
  const [word, ...more] = parsed.positionals
  const operand = command.operand === undefined ? undefined : more.shift()
  const extra = word !== undefined && !words.includes(word) ? word : more[0]
  if (extra !== undefined) {
    throw usageError(`does not know "${extra}" (florin ${command.name} --help)`)
  }
  const values: Readonly<Record<string, unknown>> = parsed.values
  if (words.length > 0 && word === undefined && values.help !== true) {
    throw usageError(`needs one of: ${words.join(', ')}`)
  }
  return {
    ...{ word, operand },
    flags: {
      text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
      texts: (name) => [values[name] ?? []].flat().filter((value) => typeof value === 'string'),
      isSet: (name) => values[name] === true,
    },
  }
}

/** Says in one line which flag is wrong. */
function flagError(error: unknown, { name, flags }: Command): unknown {
  if (!(error instanceof Error) || !/^ERR_PARSE_ARGS/.test('code' in error ? String(error.code) : '')) return error
  const written = /'(--?[^' ]+)/.exec(error.message)?.[1] ?? ''
  const unknown = hasCode(error, 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
  const meant = unknown ? closest(written.replace(/^-+/, ''), Object.keys(flags)) : undefined
  const what = unknown ? `there is no flag ${written}${meant ? `; is --${meant} meant?` : ''}` : firstSentence(error)
  return usageError(`${what} (florin ${name} --help)`, error)
}

const firstSentence = ({ message }: Error): string => message.split(/\.\s/)[0] ?? message

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'Florin: payments, subscriptions, invoices and refunds.',
    '',
    'Usage: florin <command> [flags]',
    '',
    ...commands.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`),
    '',
    'florin <command> --help tells more; florin --version which one this is. Settings: .env.example.',
  ].join('\n')
}

function helpOf({ name, about, words = [], operand, flags }: Command): string {
  const lines = Object.entries(flags).map(([flag, { value, about: told }]) => ({
    left: `--${flag}${value ? ` <${value}>` : ''}`,
    told,
  }))
  const width = Math.max(0, ...lines.map(({ left }) => left.length))
  return [
    about,
    '',
    `Usage: florin ${name}${words.length > 0 ? ` ${words.join('|')}` : ''}${operand ? ` [${operand}]` : ''}${lines.length > 0 ? ' [flags]' : ''}`,
    ...(lines.length > 0 ? ['', ...lines.map(({ left, told }) => `  ${left.padEnd(width)}  ${told}`)] : []),
  ].join('\n')
}
