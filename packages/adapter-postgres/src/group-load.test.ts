import { due, many, next, one, page, type Query } from '@florin/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Statement } from './database.ts'
import { sharedLoads } from './group-load.ts'

const NEVER = 600_000

/** Loads from a Postgres that answers each query with the id that it asks for. */
function loads({
  fails = () => false,
  hangs = () => false,
}: Partial<Record<'fails' | 'hangs', (sent: string) => boolean>>) {
  const sent: { readonly name: string; readonly queries: number }[] = []
  const load = sharedLoads(async ({ name, text }: Statement, values) => {
    const given = values.flatMap((value) => {
      const parsed: unknown = name.startsWith('florin_loads') ? JSON.parse(String(value)) : value
      return parsed as { readonly place: number; readonly p1: string } | string
    })
    sent.push({ name, queries: given.length })
    const said = `${text} ${JSON.stringify(given)}`
    if (hangs(said)) await new Promise(() => {})
    await new Promise((resolve) => setImmediate(resolve))
    if (fails(said)) throw new Error('failed')
    return given.map((one) => (typeof one === 'string' ? [one] : [one.place, one.p1]))
  }, NEVER)
  return { load, sent }
}

const byId = ['transactions', 'subscriptions', 'invoices', 'refunds', 'disputes', 'customers'] as const
const shapes = byId.flatMap((table) => [
  (id: string): Query => ({ one: one(table, { id }) }),
  (id: string): Query => ({ many: many(table, { id }) }),
])

test('answers each query its own, by few statements, whatever queries meet', async () => {
  const { load, sent } = loads({})
  const asked = fc.record({ shape: fc.nat(shapes.length - 1), id: fc.uuid(), later: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { minLength: 1, maxLength: 30 }), async (given) => {
      const answers = []
      for (const { shape, id, later } of given) {
        if (later) await new Promise((resolve) => setImmediate(resolve))
        answers.push(load(shapes[shape]?.(id) ?? {}))
      }
      expect(await Promise.all(answers)).toEqual(given.map(({ id }) => [id]))
    }),
    { numRuns: 300 },
  )
  // Of 12 shapes: each alone, several of each, and four in a line, which came one after the other.
  const names = new Set(sent.map(({ name }) => name))
  expect(names.size).toBeGreaterThan(2 * shapes.length)
  expect(names.size).toBeLessThanOrEqual(2 * shapes.length + 3 * 4)
})

test('asks four shapes that come together by one statement, by the same name in whatever order they came', async () => {
  const namesOf = async (order: readonly number[]) => {
    const { load, sent } = loads({})
    await Promise.all(order.map((shape) => load(shapes[shape]?.('x') ?? {})))
    expect(sent).toHaveLength(1)
    return sent[0]?.name
  }
  expect(await namesOf([0, 1, 2, 3])).toBe(await namesOf([3, 1, 0, 2]))
})

test('has what may take long hold up nothing else, whatever its shapes', async () => {
  const { load } = loads({ hangs: (said) => said.includes('limit') })
  const slow: Query[] = [10, 11, 12, 13].map((limit) => ({
    page: page('transactions', { userId: 'user_1' }, { limit }),
  }))
  slow.push({ due: due('operations', '2026-01-01T00:00:00.000Z', 10) }, { next: next('transactions', 10) })
  const quick = { one: one('transactions', { id: 'tx_1' }) }
  expect(await load(quick)).toEqual(['tx_1'])
  for (let round = 0; round < 4; round += 1) {
    for (const query of slow) void load(query)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await load(quick)).toEqual(['tx_1'])
})

test('fails only the one that fails', async () => {
  const { load } = loads({ fails: (said) => said.includes('tx_poison') })
  const ids = ['tx_1', 'tx_poison', 'tx_2']
  const results = await Promise.allSettled(ids.map((id) => load({ one: one('transactions', { id }) })))
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))).toEqual([
    ['tx_1'],
    'failed',
    ['tx_2'],
  ])
})

test('turns queries away while too many wait, in all lines together, and takes them again afterwards', async () => {
  const { load } = loads({})
  const waiting = Array.from({ length: 10_000 }, (_, index) => load(shapes[index % shapes.length]?.(`${index}`) ?? {}))
  await expect(load({ one: one('payment_methods', { id: 'pm_1' }) })).rejects.toMatchObject({ code: 'overloaded' })
  expect(await Promise.all(waiting)).toHaveLength(10_000)
  expect(await load({ one: one('payment_methods', { id: 'pm_1' }) })).toEqual(['pm_1'])
})
