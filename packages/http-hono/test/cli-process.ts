import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const main = join(import.meta.dirname, '../src/cli/main.ts')

/** A `florin` command that runs in a process of its own. */
export interface Running {
  /** What it said so far, on standard output and standard error. */
  output(): string
  /** Resolves with the match as soon as the output has it; fails when the process ends before, or after 60 s. */
  says(pattern: RegExp): Promise<RegExpMatchArray>
  /** Sends a signal, and answers the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** Resolves with the exit code when it ends by itself. */
  ended(): Promise<number | null>
}

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'florin-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

interface StartOptions {
  readonly folder: string
  readonly environment?: Readonly<Record<string, string>>
  /** How many files and connections the process may have open; the system's limit where absent. */
  readonly fileLimit?: number
  /** Whether who reads its standard output has gone before it says anything. */
  readonly isUnread?: boolean
}

/** Starts `florin` from its source, with nothing of this process's environment. It is killed after the test. */
export function startFlorin(args: readonly string[], options: StartOptions): Running {
  const { folder, environment = {}, fileLimit, isUnread = false } = options
  const command = [process.execPath, '--conditions=@florin/source', main, ...args]
  const limited = ['/bin/sh', '-c', `ulimit -n ${fileLimit} && exec "$0" "$@"`, ...command]
  const [file = '', ...rest] = fileLimit === undefined ? command : limited
  const child = spawn(file, rest, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (isUnread) child.stdout.destroy()
  let output = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString()
      for (const listener of listeners) listener()
    })
  }
  const closed = once(child, 'close').then(() => child.exitCode)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await closed
  })
  return {
    output: () => output,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const fail = (why: string) => reject(new Error(`${why} before it said ${pattern}:\n${output}`))
        const timer = setTimeout(() => fail('60 s passed'), 60_000)
        const look = () => {
          const match = output.match(pattern)
          if (!match) return
          clearTimeout(timer)
          listeners.delete(look)
          resolve(match)
        }
        listeners.add(look)
        look()
        void closed.then(() => {
          clearTimeout(timer)
          fail('it ended')
        })
      }),
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return closed
    },
    ended: () => closed,
  }
}

/** A request as a `curl` in the output says it. */
export interface Curl {
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

/** Reads the `curl` commands in a text, as a shell would. */
export function curlsIn(text: string): Curl[] {
  const commands = text.replaceAll(/\\\n\s*/g, '').match(/curl -X POST .*/g) ?? []
  return commands.map((command) => ({
    url: command.match(/https?:\/\/\S+/)?.[0] ?? '',
    headers: Object.fromEntries(
      [...command.matchAll(/-H "([^":]+): ([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    ),
    body: command.match(/-d '([^']*)'/)?.[1] ?? '',
  }))
}

/** Sends it. */
export async function sendCurl({ url, headers, body }: Curl): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, { method: 'POST', headers, body })
  return { status: response.status, body: await response.json() }
}
