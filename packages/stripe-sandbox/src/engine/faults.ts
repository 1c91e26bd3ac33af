import { definePrivateCollection } from './collection.ts'
import { nextId } from './ids.ts'
import { createStore, type State } from './state.ts'

/** What goes wrong, on demand, with the next calls that match. */
export type FaultKind =
  /** Answers an error and has no effect. Not saved under the key, unless `saved`. */
  | 'fail_before'
  /** Takes effect, then answers an error, which the idempotency key replays, unless `saved` is false. */
  | 'fail_after'
  /** Takes effect, then cuts the connection without an answer. The real answer is saved under the key. */
  | 'cut'
  /** Cuts the connection and has no effect. */
  | 'cut_before'
  /** Takes effect, then cuts the connection in the middle of the body. */
  | 'truncate'
  /** Takes effect at once, then holds the answer back for `delay_ms`. */
  | 'stall'
  /** Holds the key and the object's lock for `delay_ms` and only then takes effect, whether or not anyone still waits. */
  | 'stall_before'
  /** 429 `rate_limit`, no effect. */
  | 'rate_limit'
  /** 429 `lock_timeout`, no effect. */
  | 'lock_timeout'
  /** 409 `idempotency_key_in_use`, no effect. */
  | 'conflict'
  /** A proxy's HTML page in place of the answer; no effect, unless `after_effect`. */
  | 'html'

/** All kinds, by name. */
export const faultKinds: { readonly [K in FaultKind]: K } = {
  fail_before: 'fail_before',
  fail_after: 'fail_after',
  cut: 'cut',
  cut_before: 'cut_before',
  truncate: 'truncate',
  stall: 'stall',
  stall_before: 'stall_before',
  rate_limit: 'rate_limit',
  lock_timeout: 'lock_timeout',
  conflict: 'conflict',
  html: 'html',
}

/** A fault to inject. */
export interface FaultRequest {
  readonly kind: FaultKind
  /** For how many matching calls. Default 1. */
  readonly times?: number
  /** Default: every method. */
  readonly method?: string
  /** A path such as `/v1/payment_intents/:id/confirm`; `:id` or `*` stands for one segment, `*` at the end for all that follows. */
  readonly path?: string
  /** HTTP status for `fail_before`, `fail_after` (500) and `html` (502). */
  readonly status?: number
  /** For `stall` and `stall_before`. Default 1000. */
  readonly delay_ms?: number
  /** Whether the idempotency key remembers the failure. */
  readonly saved?: boolean
  /** For `html`: takes effect first. */
  readonly after_effect?: boolean
  /** The header `Stripe-Should-Retry` of the failure. Default: none. */
  readonly should_retry?: boolean
}

/** An injected fault and how many calls it still waits for. */
export interface Fault extends FaultRequest {
  readonly id: string
  readonly remaining: number
}

/** Breaks the next matching calls on purpose. */
export interface Faults {
  /** Adds a fault. The oldest one that matches a call is taken. */
  inject(fault: FaultRequest): Fault
  /** Faults that still wait for calls. */
  list(): readonly Fault[]
  clear(): void
}

const waitingFaults = definePrivateCollection<Fault>('fault')

/** The faults of one sandbox, with `take` for the exchange. */
export function createFaults(state: State): Faults & { take(method: string, path: string): Fault | undefined } {
  const store = createStore(state)
  return {
    inject(request) {
      const fault = { ...request, id: nextId(state, 'fault', 8), remaining: request.times ?? 1 }
      return fault.remaining > 0 ? store.put(waitingFaults, fault) : fault
    },
    list: () => store.all(waitingFaults),
    clear() {
      for (const { id } of store.all(waitingFaults)) store.remove(waitingFaults, id)
    },
    take(method, path) {
      const found = store
        .all(waitingFaults)
        .find((fault) => (fault.method ?? method) === method && pathFits(fault.path, path))
      if (found === undefined) return undefined
      if (found.remaining > 1) store.update(waitingFaults, found.id, { remaining: found.remaining - 1 })
      else store.remove(waitingFaults, found.id)
      return found
    },
  }
}

function pathFits(pattern: string | undefined, path: string): boolean {
  if (pattern === undefined || pattern === path) return true
  const wanted = pattern.split('/')
  const parts = path.split('/')
  if (wanted.at(-1) === '*' ? parts.length < wanted.length : parts.length !== wanted.length) return false
  return wanted.every((segment, index) => segment === '*' || segment.startsWith(':') || segment === parts[index])
}
