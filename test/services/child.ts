import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Account } from './account.ts'
import { atExit } from './cleanup.ts'

/** A private folder under the temporary directory, readable only by the account that the server runs as. */
export function makeFolder(name: string, account: Account | undefined): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `florin-${name}-`))
  if (account) chownSync(path, account.uid, account.gid)
  const remove = () => removeFolder(path)
  const forget = atExit(remove)
  return {
    path,
    remove() {
      remove()
      forget()
    },
  }
}

/**
 * A server that is still ending may add a file while its folder is being removed, and a process that is about to end
 * cannot await it. (The retries of rmSync itself give up without a word.)
 */
function removeFolder(path: string): void {
  let reason: unknown
  for (let attempt = 0; attempt < 40; attempt++) {
    try {
      rmSync(path, { recursive: true, force: true })
    } catch (error) {
      reason = error
    }
    if (!existsSync(path)) return
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  }
  throw new Error(`could not remove ${path}`, { cause: reason })
}

interface Program {
  readonly file: string
  readonly args: readonly string[]
  readonly account?: Account | undefined
  readonly env?: NodeJS.ProcessEnv
  /** What the program prints once it accepts connections. */
  readonly ready: string
  readonly stopSignal: NodeJS.Signals
  readonly killSignal: NodeJS.Signals
}

/**
 * Starts a server and waits until it says that it is ready. Its own output decides, never an answer on its port:
 * whatever else may listen there, this never takes a stranger's server for ours.
 */
export async function startChild(program: Program): Promise<{ stop(): Promise<void> }> {
  const child = spawn(program.file, program.args, {
    // In a group of its own, so that Ctrl-C reaches the tests first and they can end in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: program.env ?? process.env,
    ...(program.account ?? {}),
    cwd: '/',
  })
  const forget = atExit(() => child.kill(program.killSignal))
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  try {
    await untilReady(child, program)
  } catch (error) {
    child.kill(program.killSignal)
    await ended
    forget()
    throw error
  }
  return {
    async stop() {
      const tooSlow = setTimeout(() => child.kill('SIGKILL'), 10_000)
      child.kill(program.stopSignal)
      await ended
      clearTimeout(tooSlow)
      forget()
    },
  }
}

function untilReady(child: ChildProcess, { file, ready }: Program): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    const fail = (what: string) => {
      clearTimeout(timer)
      reject(new Error(`${file} ${what}\n${log.slice(-2000)}`))
    }
    const timer = setTimeout(() => fail('was not ready after 30 s'), 30_000)
    const read = (chunk: Buffer) => {
      // Output keeps being read after the start, or the server would block on a full pipe; it is just not kept.
      if (log.includes(ready)) return
      log += chunk.toString()
      if (!log.includes(ready)) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('error', (error) => fail(`did not start: ${error.message}`))
    // Not 'exit', which may come before the last words have been read.
    child.once('close', (code, signal) => fail(`exited at start (${code ?? signal})`))
  })
}
