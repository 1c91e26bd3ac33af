import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A server for tests or benchmarks, and how to get rid of it. */
export interface Service {
  readonly url: string
  /** Stops the server and removes its files. Does nothing to a server that was given by URL. */
  stop(): Promise<void>
}

/** One way to get a server: the server, or why this way is closed here. */
export type Source<Options> = (options: Options) => Promise<Service | { readonly unavailable: string }>

/** Takes the first source that works. Throws one line that says what to install when none does. */
export async function firstOf<Options>(
  sources: readonly Source<Options>[],
  options: Options,
  help: string,
): Promise<Service> {
  const reasons: string[] = []
  for (const source of sources) {
    const result = await source(options)
    if ('url' in result) return result
    reasons.push(result.unavailable)
  }
  throw new Error(`${help} (tried: ${reasons.join('; ')})`)
}

/** A server that somebody else runs and named in the environment. */
export const given =
  (variable: string): Source<unknown> =>
  async () => {
    const url = process.env[variable]
    return url ? { url, stop: async () => {} } : { unavailable: `${variable} is not set` }
  }

export function findOnPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The output of a program, or undefined when it is absent, fails or takes too long. */
export function outputOf(program: string, args: readonly string[], timeout = 10_000): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout }).trim()
  } catch {
    return undefined
  }
}

export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
