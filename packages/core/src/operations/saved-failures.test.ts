import { describe, expect, it, vi } from 'vitest'
import { type Scenario, scenarios } from '../../test/crash-scenarios.ts'
import { dieAt, holdsTogether, openOperations, recover } from '../../test/mortal.ts'

// Dozens of lives in each test, on machines of any speed.
vi.setConfig({ testTimeout: 60_000 })

// Stripe remembers under the key that it answered 500: whoever asks again is told the same, whatever became of the call.
const faults = [
  { what: 'after it was carried out', kind: 'fail_after' },
  { what: 'before anything was done', kind: 'fail_before' },
] as const

const windows = [
  { when: 'a minute later', later: 61 },
  { when: '25 hours later', later: 25 * 3600 },
]

interface Run {
  readonly kind: (typeof faults)[number]['kind']
  /** Which of the use case's calls fails. */
  readonly failing: number
  readonly later: number
}

/** Runs a scenario one of whose calls fails, up to a crash. Answers false once no point is left: then it lived to tell of the failure. */
async function crashAt(scenario: Scenario, at: number, { kind, failing, later }: Run): Promise<boolean> {
  const run = await dieAt(scenario, at, ({ sandbox }, send, method) => {
    if (send === failing) sandbox.faults.inject({ kind, method, saved: true })
  })
  const { calm, heir, id, life, made, again } = run
  const reached = life.sends >= failing
  await recover(heir, later)

  const where = `${scenario.name}, call ${failing}, dying at ${at}`
  const left = await openOperations(heir)
  if (later > 24 * 3600) expect(left, where).toEqual([])
  const answer = await again()
  if (left.length === 0) expect(await again(), 'the retry gets the stored answer').toEqual(answer)
  expect(made(), `objects at Stripe, ${where}`).toBeLessThanOrEqual(1)
  // What was carried out is found, a minute and a day later; what was not is not, and nobody is told that it was.
  const isFound = !reached || (kind === 'fail_after' && !(scenario.leavesNoTrace && made() > 0))
  if (isFound && later < 600) {
    expect(scenario.isSo(calm, id), `${where}: ${answer.code}`).toBe(true)
    expect(answer.code, where).toBeUndefined()
  }
  if (answer.code === undefined) expect(scenario.isSo(calm, id), where).toBe(true)
  await holdsTogether(calm)
  return life.dead
}

describe.each(windows)('where Stripe remembers a failure, and recovery runs $when', ({ later }) => {
  describe.each(faults)('$what', ({ kind }) => {
    it.each(scenarios)('$name is done at most once', async (scenario) => {
      const { life } = await dieAt(scenario, Number.POSITIVE_INFINITY)
      let points = 0
      for (let failing = 1; failing <= life.sends; failing += 1) {
        for (let at = 1; await crashAt(scenario, at, { kind, failing, later }); at += 1) points += 1
      }
      expect(points).toBeGreaterThan(6)
      console.log(`${scenario.name}, ${kind}, ${later} s: ${points} points, ${life.sends} calls`)
    })
  })
})
