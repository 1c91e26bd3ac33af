import { domainEventTypes } from '@florin/core'
import { expect, test } from 'vitest'
import { createMetrics, metricsObserver } from './metrics.ts'

test('an event of another mode is told apart, in a series that was there before it', async () => {
  const metrics = createMetrics()
  const observer = metricsObserver(metrics)
  const count = async () => (await metrics.text()).match(/^webhook_events_misdirected_total\{.*$/gm)
  const [none, mode] = ['{reason="connected_account"} 0', '{reason="wrong_mode"}']
  const series = (seen: number) => [`${mode} ${seen}`, none].map((one) => `webhook_events_misdirected_total${one}`)
  expect(await count()).toEqual(series(0))
  const event = { what: 'webhook_received', eventId: 'evt_1', type: 'charge.refunded', milliseconds: 5 } as const
  observer.tell({ ...event, outcome: 'processed' })
  observer.tell({ ...event, outcome: 'ignored', misdirected: 'wrong_mode' })
  expect(await count()).toEqual(series(1))
})

test('the first fact of each type is an increase: its series was there before it', async () => {
  const metrics = createMetrics()
  const observer = metricsObserver(metrics)
  for (const type of domainEventTypes) expect(await metrics.text()).toContain(`domain_events_total{type="${type}"} 0\n`)
  observer.tell({ what: 'fact', type: 'payment.duplicate_detected', objectId: 'tx_2', currency: 'USD' })
  expect(await metrics.text()).toContain('domain_events_total{type="payment.duplicate_detected"} 1\n')
})
