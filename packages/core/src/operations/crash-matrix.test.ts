import { describe, expect, it, vi } from 'vitest'
import { type Scenario, scenarios, wakeWithoutCard } from '../../test/crash-scenarios.ts'
import { dieAt, holdsTogether, openOperations, recover } from '../../test/mortal.ts'
import { operationKinds } from './operation.ts'

// Dozens of lives in each test, on machines of any speed.
vi.setConfig({ testTimeout: 60_000 })

/** Runs a scenario up to a crash, then lets another process recover. Answers false once no point is left. */
async function crashAt(scenario: Scenario, at: number, later: number): Promise<boolean> {
  const { calm, heir, id, outcome, made, again } = await dieAt(scenario, at)
  if (outcome === 'finished') return false
  expect(outcome).toBe('crashed')

  // Another process, after the time that the dead one had for itself.
  await recover(heir, later)
  expect(await openOperations(heir)).toEqual([])

  const answer = await again()
  expect(await again(), 'the retry gets the stored answer').toEqual(answer)
  expect(made(), 'objects at Stripe').toBeLessThanOrEqual(1)
  // Inside the window it is always carried out. After it what was sent is found, and what was not is refused.
  if (later < 600 || answer.code === undefined) {
    expect(scenario.isSo(calm, id), `${scenario.name} is so, dying at ${at}`).toBe(true)
  }
  await holdsTogether(calm)
  return true
}

const windows = [
  { when: 'recovery runs a minute later', later: 61 },
  { when: 'recovery runs 25 hours later', later: 25 * 3600 },
]

describe.each(windows)('when the process dies anywhere and $when', ({ later }) => {
  it.each([...scenarios, wakeWithoutCard])('$name is done once or not at all', async (scenario) => {
    let at = 1
    while (await crashAt(scenario, at, later)) at += 1
    expect(at).toBeGreaterThan(6)
    console.log(`${scenario.name}, ${later} s: ${at - 1} points`)
  })
})

it('no use case is left out', () => {
  expect(new Set(scenarios.map(({ kind }) => kind))).toEqual(new Set(operationKinds))
})
