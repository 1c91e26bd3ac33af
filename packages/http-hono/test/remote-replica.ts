import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DefectError, type Florin, type FlorinError, InvalidError, RefusedError, UnavailableError } from '@florin/core'

/** What the parent asks of a replica: a function by its path, e.g. `payments`, `create`. */
export interface Asked {
  readonly id: number
  readonly now: number
  readonly path: readonly string[]
  readonly args: readonly unknown[]
}

type Refused = Pick<FlorinError, 'kind' | 'code' | 'message' | 'details'> & {
  readonly outcome?: 'not_applied' | 'unknown'
}

/** What it answers. */
export type Told = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly refused: Refused }
  | { readonly broken: string }
)

/** Starts a Florin in a process of its own, and answers one that asks it for everything. */
export function startRemoteReplica({ env, now }: { env: Record<string, string>; now: () => number }) {
  const child = fork(join(import.meta.dirname, 'replica-child.ts'), {
    env,
    execArgv: ['--conditions=@florin/source'],
    serialization: 'advanced',
  })
  const waiting = new Map<number, (told: Told) => void>()
  child.on('message', (told: Told) => {
    waiting.get(told.id)?.(told)
    waiting.delete(told.id)
  })
  let asked = 0
  const ask = async (path: readonly string[], args: readonly unknown[]): Promise<unknown> => {
    asked += 1
    const id = asked
    const told = await new Promise<Told>((resolve, reject) => {
      waiting.set(id, resolve)
      child.once('exit', () => reject(new Error('the replica ended')))
      child.send({ id, now: now(), path, args } satisfies Asked)
    })
    if ('refused' in told) throw revived(told.refused)
    if ('broken' in told) throw new Error(told.broken)
    return told.value
  }
  const at = (path: readonly string[]): unknown =>
    new Proxy(() => undefined, {
      get: (_, name) => at([...path, String(name)]),
      apply: (_, __, args) => ask(path, args),
    })
  child.setMaxListeners(0)
  return {
    // Whatever is called of it is called of the Florin over there.
    florin: at([]) as Florin,
    async close() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

function revived({ kind, code, message, details, outcome = 'unknown' }: Refused): FlorinError {
  // Kind and code were taken from one error, so they belong together.
  switch (kind) {
    case 'invalid':
      return new InvalidError(code as InvalidError['code'], message, details)
    case 'refused':
      return new RefusedError(code as RefusedError['code'], message, details)
    case 'unavailable':
      return new UnavailableError(code as UnavailableError['code'], message, outcome, details)
    case 'defect':
      return new DefectError(message, details)
  }
}
