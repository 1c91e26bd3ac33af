import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyStep, live, settle } from '../../test/random-life.ts'
import { sandboxedFlorin } from '../../test/sandboxed-florin.ts'
import { differences } from '../../test/truth.ts'

const SCHEDULES = Number(process.env.SCHEDULES ?? 100)

describe('whatever happens', () => {
  it('ends in the state that Stripe has, object by object, with one event for each final fact', async () => {
    let schedules = 0
    let steps = 0
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 3, maxLength: 25 }), async (life) => {
        const first = sandboxedFlorin()
        const second = sandboxedFlorin({ beside: first })
        const stage = { sandbox: first.sandbox, florins: [first.florin, second.florin] }
        await live(stage, life)
        await settle(stage)
        expect(await differences(first)).toEqual([])
        schedules += 1
        steps += life.length
      }),
      { numRuns: SCHEDULES, ...(process.env.SEED && { seed: Number(process.env.SEED) }) },
    )
    console.log(`${schedules} schedules, ${steps} steps converged`)
  }, 600_000)
})
