import { expect, test } from 'vitest'
import { describeCallBudget } from '../testing/describe-call-budget.ts'
import { memoryCallBudget } from './memory-call-budget.ts'

describeCallBudget({
  name: 'memory call budget',
  open: async () => ({ make: memoryCallBudget, close: async () => undefined }),
})

test('memory call budget: a clock that is put back makes nobody wait for it', async () => {
  let now = 3_600_000
  const budget = memoryCallBudget({ perSecond: 25, perEndpointPerSecond: 25, clock: { now: () => now } })
  const call = { endpoint: 'payment.create', share: 'interactive' } as const
  for (let count = 0; count < 100; count += 1) await budget.take(call)
  await budget.slowDown(null)
  now = 0
  expect((await budget.take(call)).waitMs).toBe(0)
})
