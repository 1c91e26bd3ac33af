import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Plan } from './commit-plan.ts'
import { groupStatements } from './group-commit.ts'
import { tableOrder } from './tables.ts'

const batches = tableOrder.flatMap((table) =>
  (['release', 'replace', 'insert', 'insert if absent'] as const).map((way) => ({ table, way, entries: [] })),
)
const plans: fc.Arbitrary<Plan> = fc.subarray(batches, { minLength: 1 })

test('needs few statements, whatever commits meet, each with a part for every batch in the order of all plans', () => {
  const statementOf = groupStatements()
  const names = new Set<string>()
  fc.assert(
    fc.property(plans, (plan) => {
      const { compiled, plan: fitted } = statementOf(plan)
      names.add(compiled.statement.name)
      expect(fitted).toEqual(expect.arrayContaining([...plan]))
      expect(fitted).toEqual(
        batches.filter((batch) => fitted.some((one) => one.table === batch.table && one.way === batch.way)),
      )
    }),
    { numRuns: 300 },
  )
  expect(names.size).toBeLessThanOrEqual(25)
})

test('takes the statement of a group before for one with a little less in it', () => {
  const statementOf = groupStatements()
  const [a, b, c, d, e] = batches
  if (!a || !b || !c || !d || !e) throw new Error('there are more')
  const first = statementOf([a, b, c, d, e]).compiled.statement.name
  expect(statementOf([b, d]).compiled.statement.name).toBe(first)
  expect(statementOf([d]).compiled.statement.name).not.toBe(first)
})
