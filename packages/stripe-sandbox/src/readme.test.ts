import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { stripeOperations } from '../test/stripe-operations.ts'
import { createRegistry } from './engine/registry.ts'
import { countryCards } from './payment-methods/country-cards.ts'
import { testCards } from './payment-methods/test-cards.ts'
import { slices } from './slices.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const { matchRoute } = createRegistry(slices)

const imitated = ({ method, path }: { method: string; path: string }): boolean =>
  matchRoute(method, path.replaceAll(':id', 'x_1'))?.route.path.replaceAll(/:\w+/g, ':id') === path

test('the README lists what is imitated and what is not', () => {
  const all = stripeOperations()
  const rows = [...new Set(all.map(({ resource }) => resource))].flatMap((resource) => {
    const operations = all.filter((operation) => operation.resource === resource)
    const names = [...new Set(operations.filter(imitated).map(({ name }) => name))]
    const others = [...new Set(operations.map(({ name }) => name))].filter((name) => !names.includes(name))
    const rest = others.length === 0 ? '' : others.length > 10 ? 'all others' : others.toSorted().join(', ')
    return names.length === 0 ? [] : [`| \`${resource}\` | ${names.toSorted().join(', ')} | ${rest} |`]
  })
  expect(readme).toContain(
    ['| of stripe-node | imitated | not imitated |', '|---|---|---|', ...rows.toSorted()].join('\n'),
  )
})

test('the README names the test cards that are not of a country or a brand', () => {
  const brands = /^pm_card_(visa|mastercard|amex|discover|diners|jcb|unionpay)(_debit|_prepaid)?$/
  const named = [...readme.matchAll(/`(pm_card_\w+)`/g)].map(([, name]) => name)
  const special = Object.keys(testCards).filter((name) => !(name in countryCards) && !brands.test(name))
  expect(special.filter((name) => !named.includes(name))).toEqual([])
  expect(named.filter((name) => name !== undefined && !(name in testCards))).toEqual([])
})
