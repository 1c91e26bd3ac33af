import { describe, it } from 'vitest'
import { everyLifeConverges, rangeOf, stageSettings } from '../../test/converging.ts'
import { impatient, sandboxedFlorin } from '../../test/sandboxed-florin.ts'

// The same on PostgreSQL, with many more lives, is in http-hono/test/convergence.test.ts.
const range = rangeOf(40)

describe('whatever happens', () => {
  it('ends in the state that Stripe has, object by object, with one event for each final fact', async () => {
    const happened = await everyLifeConverges(async () => {
      const options = { settings: stageSettings, wait: impatient }
      const first = sandboxedFlorin(options)
      const second = sandboxedFlorin({ ...options, beside: first })
      return { sandbox: first.sandbox, florins: [first.florin, second.florin], storage: first.storage }
    }, range)
    console.log(`${range.schedules} schedules from seed ${range.from} converged:`, Object.fromEntries(happened))
  }, 600_000)
})
