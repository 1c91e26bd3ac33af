import { expect, onTestFinished, test, vi } from 'vitest'
import { createMetrics } from '../index.ts'
import { runMetrics } from './run-metrics.ts'

test('only a run that was done moves on the time of the last one', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
  onTestFinished(() => void vi.useRealTimers())
  const metrics = createMetrics()
  const runs = runMetrics(metrics, [{ name: 'prune', everyMs: 3600_000 }])
  const lastDone = async () =>
    Number(/^background_last_done_timestamp_seconds\{work="prune"\} (\S+)$/m.exec(await metrics.text())?.[1])
  expect(await lastDone()).toBe(1000)
  vi.setSystemTime(2_000_000)
  runs.ended('prune', 'failed')
  expect(await lastDone()).toBe(1000)
  runs.ended('prune', 'done')
  expect(await lastDone()).toBe(2000)
  expect(await metrics.text()).toMatch(/^background_runs_total\{work="prune",outcome="failed"\} 1$/m)
})
