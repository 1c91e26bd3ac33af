import type { Deps } from '../deps.ts'

/** Stripe takes 25 requests a second on any one endpoint, and others may be asking there too. */
export const CALLS_PER_SECOND = 20

/**
 * The same deps, with a gateway that is read at most {@link CALLS_PER_SECOND} times a second. What changes something at the
 * gateway is not held back: nobody here does.
 */
export function paced(deps: Deps): Deps {
  const { gateway, runtime } = deps
  const gap = 1000 / CALLS_PER_SECOND
  let last: number | undefined
  let line: Promise<void> = Promise.resolve()
  const step = async () => {
    // A clock that stands still, as the sandbox's does, or that jumps back, waits the whole gap.
    const passed = last === undefined ? gap : Math.max(runtime.now() - last, 0)
    if (passed < gap) await runtime.wait(gap - passed)
    last = runtime.now()
  }
  const turn = () => {
    line = line.then(step)
    return line
  }
  return {
    ...deps,
    gateway: {
      ...gateway,
      read: (ref) => turn().then(() => gateway.read(ref)),
      list: (query) => turn().then(() => gateway.list(query)),
      events: { ...gateway.events, list: (query) => turn().then(() => gateway.events.list(query)) },
    },
  }
}
