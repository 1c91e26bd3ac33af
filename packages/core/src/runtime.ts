import type { Runtime } from './ports/runtime.ts'

/** The real clock, the platform's randomness and its timers: what every program but a test uses. */
export const systemRuntime: Runtime = {
  now: () => Date.now(),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
}
