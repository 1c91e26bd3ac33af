import { Counter, Gauge } from 'prom-client'
import type { Metrics } from '../metrics.ts'

/** What metrics tell of the runs of background work. */
export interface RunMetrics {
  ended(name: string, outcome: 'done' | 'failed'): void
}

// Not `job`: Prometheus has that name for what it scrapes, and puts its own in the place of ours.
const labelNames = ['work']

/**
 * Counts runs, and tells how often each kind of work is to run and when it was done last: what runs every hour and fails
 * each time shows no rate that an alert could wait for.
 */
export function runMetrics(
  { registry }: Pick<Metrics, 'registry'>,
  jobs: readonly { readonly name: string; readonly everyMs: number }[],
): RunMetrics {
  const registers = [registry]
  const runs = new Counter({
    ...{ name: 'background_runs_total', help: 'Runs of background work, by outcome', registers },
    labelNames: [...labelNames, 'outcome'],
  })
  const lastDone = new Gauge({
    ...{ name: 'background_last_done_timestamp_seconds', help: 'When background work was done last' },
    ...{ registers, labelNames },
  })
  const periods = new Gauge({
    ...{ name: 'background_period_seconds', help: 'How often background work is to run' },
    ...{ registers, labelNames },
  })
  for (const { name: work, everyMs } of jobs) {
    // A series that begins at one shows no increase, and an alert waits for these.
    for (const outcome of ['done', 'failed']) runs.inc({ work, outcome }, 0)
    periods.set({ work }, everyMs / 1000)
    // What was never done is late by when the server began.
    lastDone.set({ work }, Date.now() / 1000)
  }
  return {
    ended(work, outcome) {
      runs.inc({ work, outcome })
      if (outcome === 'done') lastDone.set({ work }, Date.now() / 1000)
    },
  }
}
