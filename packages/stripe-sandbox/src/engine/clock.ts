import { currentApiVersion } from './api-versions.ts'
import { createContext } from './context.ts'
import type { Registry } from './registry.ts'
import { takeDueTask } from './schedule.ts'
import { atomically, type State } from './state.ts'

/** The sandbox's own time. */
export interface SandboxClock {
  /** Virtual time in whole seconds. */
  now(): number
  /** The same in milliseconds, for a `Clock` that counts so. */
  nowMs(): number
  /**
   * Moves time on by seconds. All that falls due runs in order of its time, and the webhooks of each step are delivered
   * before the next one.
   */
  advance(seconds: number): Promise<void>
  /** Moves time to a moment in Unix seconds. Never backwards. */
  advanceTo(unix: number): Promise<void>
}

/** The clock of one sandbox. */
export function createClock(
  engine: { state: State; registry: Registry },
  { settled, ticking, effectDone }: { settled: () => Promise<void>; ticking: boolean; effectDone: () => void },
): SandboxClock & { catchUp(): void; rebase(): void } {
  const { state, registry } = engine
  let last: Promise<void> = Promise.resolve()
  // While ticking, virtual time runs as fast as real time, from where it stands.
  let realStart = Date.now()
  let virtualStart = state.now
  const rebase = (): void => {
    realStart = Date.now()
    virtualStart = state.now
  }
  const step = (until: number): boolean => {
    const task = takeDueTask(state, until)
    if (task === undefined) return false
    state.now = Math.max(state.now, task.at)
    const run = registry.tasks.get(task.kind)
    if (run === undefined) throw new Error(`no slice handles the task ${task.kind}`)
    const context = createContext(engine, { apiVersion: currentApiVersion })
    atomically(
      state,
      () => run(context, task),
      () => false,
    )
    effectDone()
    return true
  }
  const moveTo = async (until: number): Promise<void> => {
    await settled()
    while (step(until)) await settled()
    state.now = Math.max(state.now, until)
    rebase()
    state.changed()
  }
  const queue = (until: () => number): Promise<void> => {
    last = last.catch(() => undefined).then(() => moveTo(until()))
    return last
  }
  return {
    rebase,
    now: () => state.now,
    nowMs: () => state.now * 1000 + (ticking ? (Date.now() - realStart) % 1000 : 0),
    async advance(seconds) {
      if (!Number.isFinite(seconds) || seconds < 0) throw new Error('the clock only moves forward')
      return queue(() => state.now + Math.floor(seconds))
    },
    async advanceTo(unix) {
      if (!Number.isFinite(unix) || unix < state.now) throw new Error('the clock only moves forward')
      return queue(() => Math.floor(unix))
    },
    catchUp() {
      if (!ticking) return
      const until = virtualStart + Math.floor((Date.now() - realStart) / 1000)
      while (step(until));
      state.now = Math.max(state.now, until)
    },
  }
}
