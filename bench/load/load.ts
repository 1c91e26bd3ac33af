import { fork } from 'node:child_process'
import { once } from 'node:events'
import { atExit } from '../../test/services/cleanup.ts'

/** What the load process is asked to do. */
export interface LoadOrder {
  readonly module: string
  readonly parameters: Readonly<Record<string, unknown>>
  /** Connections are spread over them. */
  readonly ports: readonly number[]
  /** At most so many are sent in a second; absent: as fast as they are answered. */
  readonly perSecond?: number
  readonly connections: number
  /** How many requests to make before it begins. */
  readonly count: number
  readonly repeat: boolean
  readonly warmUpMs: number
  readonly measureMs: number
}

export interface LoadResult {
  /** Answered in the time that is measured. */
  readonly requests: number
  /** Sent in all, the warm-up included. */
  readonly sent: number
  readonly milliseconds: number
  readonly p50: number
  readonly p99: number
  /** Answers that were no success, by their status, of the warm-up as well. */
  readonly failures: Readonly<Record<string, number>>
}

export type LoadMessage =
  | { readonly began: true }
  | { readonly ended: true }
  | { readonly done: LoadResult }
  | { readonly failed: string }

export interface LoadProcess {
  readonly pid: number
  /** Sends requests in a closed loop; calls `began` and `ended` around the time that is measured. */
  run(order: LoadOrder, began: () => void, ended: () => void): Promise<LoadResult>
  stop(): Promise<void>
}

export function startLoadProcess(): LoadProcess {
  const child = fork(new URL('load-process.ts', import.meta.url), {
    execArgv: ['--max-old-space-size=4096', '--disable-warning=ExperimentalWarning'],
  })
  const forget = atExit(() => child.kill('SIGKILL'))
  return {
    pid: child.pid ?? 0,
    run: (order, began, ended) =>
      new Promise((resolve, reject) => {
        const hear = (message: LoadMessage) => {
          if ('began' in message) return began()
          if ('ended' in message) return ended()
          child.off('message', hear)
          child.off('exit', gone)
          if ('done' in message) resolve(message.done)
          else reject(new Error(`the load failed: ${message.failed}`))
        }
        const gone = () => reject(new Error('the load process ended'))
        child.on('message', hear)
        child.once('exit', gone)
        child.send(order)
      }),
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      forget()
    },
  }
}
