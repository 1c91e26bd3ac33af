import { describe, expect, it, vi } from 'vitest'
import { type Scenario, scenarios } from '../../test/crash-scenarios.ts'
import { dieAt, holdsTogether, openOperations, recover } from '../../test/mortal.ts'
import { differences } from '../../test/truth.ts'

// Dozens of lives in each test, on machines of any speed.
vi.setConfig({ testTimeout: 60_000 })

const windows = [
  { when: 'a minute later', later: 61 },
  { when: '25 hours later', later: 25 * 3600 },
]

/** Dies at a point; then the object changes at Stripe, so that the answer that is replayed is old. False after the end. */
async function crashAt(scenario: Scenario, at: number, later: number, counts: { old: number }): Promise<boolean> {
  const { calm, heir, outcome, id, made, again } = await dieAt(scenario, at)
  if (outcome === 'finished') return false
  expect(outcome).toBe('crashed')
  const where = `${scenario.name}, dying at ${at}`
  await calm.sandbox.clock.advance(5)
  const [open] = await openOperations(heir)
  const wasOpen = open !== undefined
  const carriedOut = scenario.isSo(calm, id)
  if (carriedOut) await scenario.later?.(calm)
  await recover(heir, later)
  expect(await openOperations(heir), where).toEqual([])
  // Whatever was replayed: what recovery stored is what is so now. What was settled before the change knows it from an
  // event, of which none came here.
  if (wasOpen && carriedOut) {
    counts.old += 1
    expect((await differences(calm)).filter(isOf(scenario)), where).toEqual([])
  }
  const answer = await again()
  expect(await again(), 'the retry gets the stored answer').toEqual(answer)
  expect(made(), where).toBeLessThanOrEqual(1)
  // A retry may only now have made it, and all that was missed is caught up with.
  await heir.florin.maintenance.reconcile()
  await calm.sandbox.clock.advance(3600)
  await heir.florin.maintenance.refresh({ limit: 1000 })
  expect(await differences(calm), where).toEqual([])
  await holdsTogether(calm)
  return true
}

/** The differences of the objects that a use case changes; a default is the customer's. */
const isOf =
  ({ kind }: Scenario) =>
  (difference: string) =>
    difference.startsWith(`${kind.replace('payment_method', 'customer').split('.')[0]} `)

describe.each(windows)('where an answer is old, and recovery runs $when', ({ later }) => {
  it.each(scenarios.filter((scenario) => scenario.later))('$name: what is so now is stored', async (scenario) => {
    const counts = { old: 0 }
    let at = 1
    while (await crashAt(scenario, at, later, counts)) at += 1
    expect(counts.old).toBeGreaterThan(0)
    console.log(`${scenario.name}, ${later} s: ${at - 1} points, ${counts.old} with an old answer`)
  })
})
