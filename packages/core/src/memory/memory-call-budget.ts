import { type CallBudget, type CallRates, checkRates, type Pace, pacesOf, SLOW_DOWN_MS } from '../ports/call-budget.ts'
import type { Clock } from '../ports/runtime.ts'
import { systemRuntime } from '../runtime.ts'

export interface MemoryCallBudgetOptions extends CallRates {
  /** Default: the system's clock. The gateway counts in real time, so never a sandbox's. */
  readonly clock?: Clock | undefined
}

/**
 * A CallBudget in the memory of this process. Each process counts by itself: of N that share an account, each is given
 * an Nth of the rates.
 *
 * @throws RangeError when a rate is not positive
 */
export function memoryCallBudget({ clock = systemRuntime, ...rates }: MemoryCallBudgetOptions): CallBudget {
  checkRates(rates)
  // When calls were sent or will be, in order: by share and endpoint, and by share alone.
  const lines = new Map<string, number[]>()
  const heldUntil = new Map<string | null, number>()
  let latest = Number.NEGATIVE_INFINITY

  const nowOf = (): number => {
    const now = clock.now()
    // A clock that was put back would make everybody wait until it is where it was. Places beyond are in nobody's way.
    if (now < latest) heldUntil.clear()
    latest = now
    return now
  }
  const lineOf = (name: string, paces: readonly Pace[], now: number): number[] => {
    const oldest = now - Math.max(...paces.map(({ withinMs }) => withinMs))
    const line = (lines.get(name) ?? []).filter((slot) => slot > oldest)
    lines.set(name, line)
    return line
  }

  return {
    async take(wanted) {
      const { endpoint, share, atMostMs = Number.POSITIVE_INFINITY } = wanted
      const now = nowOf()
      const paces = pacesOf(rates, wanted)
      const limits = [
        { name: `${share} ${endpoint}`, paces: paces.endpoint },
        { name: share, paces: paces.account },
      ].map(({ name, paces }) => ({ line: lineOf(name, paces, now), paces }))
      let slot = Math.max(now, heldUntil.get(endpoint) ?? now, heldUntil.get(null) ?? now)
      let before: number
      do {
        before = slot
        for (const { line, paces } of limits) for (const pace of paces) slot = firstFit(line, pace, slot)
      } while (slot !== before)
      const waitMs = slot - now
      if (waitMs > atMostMs) return { granted: false, waitMs }
      for (const { line } of limits) insert(line, slot)
      return { granted: true, waitMs }
    },
    async slowDown(endpoint) {
      heldUntil.set(endpoint, nowOf() + SLOW_DOWN_MS)
    },
  }
}

/** The first time from one on at which one more call keeps the pace, before and after it. */
function firstFit(line: readonly number[], { most, withinMs }: Pace, from: number): number {
  let slot = from
  for (const [index, first] of line.entries()) {
    const last = line[index + most - 1]
    // `most` calls of one window: none fits between them, nor nearer to either end than the window is long.
    if (last !== undefined && last - withinMs < slot && slot < first + withinMs) slot = first + withinMs
  }
  return slot
}

function insert(line: number[], slot: number): void {
  const place = line.findLastIndex((other) => other <= slot)
  line.splice(place + 1, 0, slot)
}
