import { due, many, one, page, type Query } from '@florin/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { groupedLoads } from './group-load.ts'
import { asked, isByKeys } from './load.ts'

const finds = fc.constantFrom(
  one('transactions', { id: 'tx_1' }),
  one('transactions', { gatewayId: 'pi_1' }),
  one('subscriptions', { gatewayId: 'sub_1' }),
  one('customers', { userId: 'user_1', isPrimary: true }),
  many('refunds', { paymentId: 'tx_1' }),
  one('invoices', { gatewayId: 'in_1' }),
)
const queries: fc.Arbitrary<Query> = fc
  .uniqueArray(finds, { minLength: 1, maxLength: 4 })
  .map((chosen) => Object.fromEntries(chosen.map((find, index) => [`find${index}`, find])))

test('needs few statements, whatever queries meet, and asks each query once', () => {
  const statementsOf = groupedLoads()
  const ofSeveralShapes = new Set<string>()
  fc.assert(
    fc.property(fc.array(queries, { minLength: 1, maxLength: 12 }), (group) => {
      const statements = statementsOf(group.map(asked))
      const places = statements.flatMap(({ parts }) => parts.flat().map(({ place }) => place))
      expect(places.sort((a, b) => a - b)).toEqual(group.map((_, place) => place))
      for (const { compiled, parts } of statements) if (parts.length > 1) ofSeveralShapes.add(compiled.statement.name)
    }),
    { numRuns: 500 },
  )
  expect(ofSeveralShapes.size).toBeGreaterThan(10)
  expect(ofSeveralShapes.size).toBeLessThanOrEqual(24)
})

test('is named alike by every process, in whatever order the queries came', () => {
  const group = [
    asked({ payment: one('transactions', { id: 'tx_1' }) }),
    asked({ refunds: many('refunds', { paymentId: 'tx_1' }) }),
  ]
  const nameOf = (given: typeof group) => groupedLoads()(given).map(({ compiled }) => compiled.statement.name)
  expect(nameOf([...group].reverse())).toEqual(nameOf(group))
})

test('lets only what finds by keys share a statement with everything', () => {
  const byKeys = { a: one('transactions', { id: 'tx_1' }), b: many('refunds', { paymentId: 'tx_1' }) }
  expect(isByKeys(asked(byKeys))).toBe(true)
  expect(isByKeys(asked({ ...byKeys, c: page('transactions', { userId: 'user_1' }, { limit: 10 }) }))).toBe(false)
  expect(isByKeys(asked({ c: due('operations', '2026-01-01T00:00:00.000Z', 10) }))).toBe(false)
})
