import { setTimeout } from 'node:timers/promises'
import type { Florin } from '@florin/core'

const SECOND = 1000
const MINUTE = 60 * SECOND

/** Everything that keeps Florin true while nobody asks. Answers how to stop it. */
export function maintain({ maintenance }: Florin): () => Promise<void> {
  const stopping = new AbortController()
  // One that fails does not keep the others from their work; it is tried again in its next turn.
  const attempt = (job: Job) => job().catch((error: unknown) => console.error('maintenance', error))
  const repeat = async ([everyMs, job]: readonly [number, Job]) => {
    for (; !stopping.signal.aborted; await pause(everyMs, stopping.signal)) await attempt(job)
  }
  const jobs: readonly (readonly [number, Job])[] = [
    [SECOND, () => maintenance.dispatch()], // tells your handlers
    [5 * SECOND, () => maintenance.recover()], // settles what a crash left open
    [5 * SECOND, () => maintenance.refresh()], // reads again what is open or in doubt
    [15 * SECOND, () => maintenance.retryWebhooks()], // applies stored webhooks that could not be
    [15 * SECOND, () => maintenance.refundDuplicates()], // where `autoRefundDuplicates` is on
    [30 * SECOND, () => maintenance.erase()], // goes on with users that are being erased
    [10 * MINUTE, () => maintenance.reconcile()], // catches up with what no webhook told of
    [60 * MINUTE, () => maintenance.prune()], // lets go of what is old
  ]
  // This release may be able to apply what an older one was not.
  const running = [attempt(() => maintenance.retryWebhooks({ all: true })), ...jobs.map(repeat)]
  return async () => {
    stopping.abort()
    await Promise.all(running)
  }
}

type Job = () => Promise<unknown>

/** Waits, but not once it is time to stop. */
const pause = (ms: number, stopping: AbortSignal) =>
  setTimeout(ms, undefined, { signal: stopping }).catch(() => undefined)
