import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { customer, day, dispute, invoice, method, payment, refund, subscription } from '../../test/any-observation.ts'
import type { Observation } from './observation.ts'
import { observe } from './observe.ts'
import { withRead } from './refresh-rows.ts'
import { findRow, type RowSet, rowsOf } from './row-set.ts'

const observing = {
  now: day,
  newId: (prefix: string) => `${prefix}_new`,
  installation: 'florin',
  sweepAfterMs: 900_000,
}

// Rows that were adopted in another order differ only in the ids that chance gave them, which are fixed here by kind.
function stateAfter(observations: readonly Observation[], start: RowSet = {}): unknown {
  const { rows } = observations.reduce(
    (state, one) => observe(state.rows, [one], { ...observing, newId: idFor(one) }),
    {
      rows: start,
      facts: [],
    } as ReturnType<typeof observe>,
  )
  return tables.map((table) => [...rowsOf(rows, table)].sort((a, b) => (a.id < b.id ? -1 : 1)).map(withoutTimes))
}
const idFor = (one: Observation) => (prefix: string) => `${prefix}_${one.gatewayId}`
const withoutTimes = (row: object) => ({ ...row, updatedAt: null, dueAt: null })
const tables = [
  'transactions',
  'refunds',
  'disputes',
  'subscriptions',
  'invoices',
  'payment_methods',
  'customers',
] as const

// Who tells that a method is detached tells whose it was: Stripe's event does, and Florin asks for no other to be detached.
const attached = method.filter(({ attachment: { facts, before } }) =>
  facts.status === 'detached' ? before?.status === 'attached' : true,
)

const slices: readonly { readonly slice: string; readonly any: fc.Arbitrary<Observation> }[] = [
  { slice: 'payments', any: payment },
  { slice: 'payments with their refunds and disputes', any: fc.oneof(payment, refund, dispute) },
  { slice: 'refunds', any: refund },
  { slice: 'disputes', any: dispute },
  { slice: 'subscriptions', any: subscription },
  { slice: 'subscriptions with their invoices', any: fc.oneof(subscription, invoice) },
  { slice: 'invoices', any: invoice },
  { slice: 'payment methods', any: attached },
  { slice: 'customers', any: customer },
]

const runs = { numRuns: 10_000 }

describe.each(slices)('$slice', ({ any }) => {
  it('end in the same rows in any order and with any repetition', () => {
    const lives = fc
      .array(any, { maxLength: 8 })
      .chain((told) =>
        fc.tuple(fc.constant(told), fc.shuffledSubarray([...told, ...told], { minLength: told.length * 2 })),
      )
    fc.assert(
      fc.property(lives, ([told, shuffled]) => {
        expect(stateAfter(shuffled)).toEqual(stateAfter(told))
      }),
      runs,
    )
  }, 120_000)
})

/** What each kind tells when it is read: all of it, and nothing of what was before. */
const whole = (observation: Observation): Observation => {
  const groups = Object.entries(observation).map(([name, value]) =>
    isSighting(value) ? [name, { facts: value.facts, stamp: value.stamp }] : [name, value],
  )
  return Object.fromEntries(groups)
}
const isSighting = (value: unknown): value is { facts: object; stamp: number } =>
  typeof value === 'object' && value !== null && 'facts' in value

/** All facts of an observation, of all its groups. */
const factsIn = (observation: Observation): object =>
  Object.assign({}, ...Object.values(observation).flatMap((value) => (isSighting(value) ? [value.facts] : [])))

const isWhole = (observation: Observation) =>
  observation.object === 'payment' ? observation.intent !== undefined && observation.charge !== undefined : true

const reads = [
  { noun: 'a payment', table: 'transactions', any: payment },
  { noun: 'a refund', table: 'refunds', any: refund.filter(({ gatewayId }) => gatewayId === 're_1') },
  { noun: 'a dispute', table: 'disputes', any: dispute },
  { noun: 'a subscription', table: 'subscriptions', any: subscription },
  { noun: 'an invoice', table: 'invoices', any: invoice },
  { noun: 'a payment method', table: 'payment_methods', any: method },
  { noun: 'a customer', table: 'customers', any: customer },
] as const

describe.each(reads)('a direct read of $noun', ({ table, any }) => {
  it('ends in what the gateway has, whatever was told before: doubts, later stamps and final states included', () => {
    const readings: fc.Arbitrary<Observation> = (any as fc.Arbitrary<Observation>).filter(isWhole).map(whole)
    fc.assert(
      fc.property(fc.array<Observation>(any, { minLength: 1, maxLength: 8 }), readings, (told, reading) => {
        const rows = told.reduce(
          (set, one) => observe(set, [one], { ...observing, newId: idFor(one) }).rows,
          {} as RowSet,
        )
        const known = findRow(rows, table, () => true)
        // A method that was never seen attached has no row that could be read again.
        fc.pre(known !== undefined)
        const read = withRead(rows, table, { sent: known, known }, [reading], observing)
        const row = findRow(read.rows, table, ({ id }) => id === known.id)
        expect(row).toMatchObject({ ...factsIn(reading), inDoubt: false, ties: null })
      }),
      runs,
    )
  }, 120_000)
})

const told = (observations: readonly Observation[]): readonly string[] => {
  let rows: RowSet = {}
  const facts = new Set<string>()
  for (const one of observations) {
    const folded = observe(rows, [one], { ...observing, newId: idFor(one) })
    rows = folded.rows
    for (const { objectId, type, discriminator } of folded.facts) facts.add(`${objectId} ${type} ${discriminator}`)
  }
  return [...facts].toSorted()
}

// What a method is was seen; what is not is told once it is.
const seenMethod = attached.filter(({ details }) => details !== undefined)

describe.each([
  { noun: 'refunds', any: refund },
  { noun: 'disputes', any: dispute },
  { noun: 'payment methods', any: seenMethod },
])('the facts of $noun', ({ any }) => {
  it('are told in any order, those too that are overtaken when they are heard of', () => {
    const lives = fc
      .array<Observation>(any, { maxLength: 6 })
      .chain((seen) => fc.tuple(fc.constant(seen), fc.shuffledSubarray(seen, { minLength: seen.length })))
    fc.assert(
      fc.property(lives, ([inOrder, shuffled]) => {
        expect(told(shuffled)).toEqual(told(inOrder))
      }),
      runs,
    )
  }, 120_000)
})
