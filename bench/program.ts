import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { connect } from 'node:net'
import { atExit } from '../test/services/cleanup.ts'

export interface ProgramOptions {
  readonly file: string
  readonly args?: readonly string[]
  readonly nodeArgs?: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  /** Where it is started; a folder of its own keeps `.env` files of others out. */
  readonly folder: string
  /** What it prints goes into this file. */
  readonly output: string
}

export interface Program {
  readonly pid: number
  stop(): Promise<void>
}

const START_MS = 30_000

/** Starts a Node program that listens on a port that it was told, and waits until it does. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { file, args = [], nodeArgs = [], env, port, folder, output } = options
  const log = openSync(output, 'a')
  const child = spawn(process.execPath, [...nodeArgs, file, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), ...env },
    stdio: ['ignore', log, log],
  })
  const forget = atExit(() => child.kill('SIGKILL'))
  const deadline = performance.now() + START_MS
  while (!(await isListening(port))) {
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`${file} ended at start: see ${output}`)
    if (performance.now() > deadline) throw new Error(`${file} does not listen on port ${port}: see ${output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  if (child.pid === undefined) throw new Error(`${file} has no process`)
  return {
    pid: child.pid,
    async stop() {
      const ended = child.exitCode === null ? once(child, 'exit') : undefined
      child.kill('SIGTERM')
      await ended
      forget()
    },
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
