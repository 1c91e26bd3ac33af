import { runCommandLine } from '../src/cli/command-line.ts'
import { temporaryFolder } from './cli-process.ts'

/** What a command came to, line by line. */
export interface Ran {
  readonly code: number
  readonly printed: readonly string[]
  readonly complained: readonly string[]
  readonly redrawn: readonly string[]
}

/** Runs `florin` in this process, with this environment and nothing else. */
export async function runFlorin(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<Ran> {
  const [printed, complained, redrawn]: [string[], string[], string[]] = [[], [], []]
  const code = await runCommandLine(args, {
    ...{ environment, folder: temporaryFolder() },
    print: (line) => printed.push(line),
    complain: (line) => complained.push(line),
    redraw: (line) => redrawn.push(line),
  })
  return { code, printed, complained, redrawn }
}

/** The same, with its lines as one text. */
export async function runFlorinForText(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const { code, printed, complained } = await runFlorin(args, environment)
  return { code, printed: printed.join('\n'), complained: complained.join('\n') }
}
