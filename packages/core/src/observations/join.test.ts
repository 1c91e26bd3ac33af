import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold, type Group, type Observed, type Sighting, unobserved } from './join.ts'

interface Row extends Observed {
  readonly status: string
  readonly amount: number
  readonly link: string | null
}

type Facts = Pick<Row, 'status' | 'amount'>

const main: Group<Row, 'status' | 'amount'> = {
  name: 'main',
  fields: ['status', 'amount'],
  rank: ({ status }) => (status === 'done' ? 1 : 0),
}
const side: Group<Row, 'link'> = { name: 'side', fields: ['link'], rank: () => 0 }

const empty: Row = { ...unobserved, status: 'pending', amount: 0, link: null }

interface Seen {
  readonly main?: Sighting<Facts>
  readonly side?: Sighting<Pick<Row, 'link'>>
}

const observe = (row: Row, seen: Seen) => fold(fold(row, main, seen.main), side, seen.side)
const all = (seen: readonly Seen[], start = empty) => seen.reduce(observe, start)

// Few values and few seconds, so that ties, repetitions and chains are the rule and not the exception.
const facts = fc.record({ status: fc.constantFrom('open', 'tried', 'done'), amount: fc.integer({ min: 0, max: 2 }) })
const stamp = fc.integer({ min: 1, max: 3 })
const mainSighting: fc.Arbitrary<Sighting<Facts>> = fc.record(
  { facts, stamp, before: facts },
  { requiredKeys: ['facts', 'stamp'] },
)
const sideSighting = fc.record({ facts: fc.record({ link: fc.constantFrom('a', 'b') }), stamp })
const sightings = fc.array(fc.record({ main: mainSighting, side: sideSighting }, { requiredKeys: [] }), {
  maxLength: 14,
})

const runs = { numRuns: 10_000 }

describe('the join', () => {
  it('gives the same state in any order', () => {
    fc.assert(
      fc.property(
        sightings.chain((seen) => fc.tuple(fc.constant(seen), fc.shuffledSubarray(seen, { minLength: seen.length }))),
        ([seen, shuffled]) => void expect(all(shuffled)).toEqual(all(seen)),
      ),
      runs,
    )
  })

  it('gives the same state however often each sighting is repeated', () => {
    fc.assert(
      fc.property(
        sightings.chain((seen) => fc.tuple(fc.constant(seen), fc.shuffledSubarray([...seen, ...seen, ...seen]))),
        ([seen, again]) => void expect(all([...seen, ...again])).toEqual(all(seen)),
      ),
      runs,
    )
  })

  it('leaves a group alone that a sighting does not tell', () => {
    fc.assert(
      fc.property(sightings, sideSighting, (seen, last) => {
        const before = all(seen)
        const after = observe(before, { side: last })
        expect([after.status, after.amount, after.observed.main]).toEqual([
          before.status,
          before.amount,
          before.observed.main,
        ])
      }),
      runs,
    )
  })

  it('never leaves a final state for another one', () => {
    fc.assert(
      fc.property(sightings, (seen) => {
        const done = seen.some(({ main }) => main?.facts.status === 'done')
        if (done) expect(all(seen).status).toBe('done')
      }),
      runs,
    )
  })
})

const at = (stamp: number, status: string, before?: string): Seen => ({
  main: { facts: { status, amount: 1 }, stamp, ...(before !== undefined && { before: { status: before, amount: 1 } }) },
})

describe('a tie', () => {
  it('is in doubt when two values of one second say nothing of their order', () => {
    expect(all([at(5, 'open'), at(5, 'tried')])).toMatchObject({ inDoubt: true })
  })

  it('is decided when one value is known to have followed the other, also when it came first', () => {
    const chain = [at(5, 'open'), at(5, 'tried', 'open')]
    expect(all(chain)).toMatchObject({ status: 'tried', inDoubt: false })
    expect(all(chain.toReversed())).toMatchObject({ status: 'tried', inDoubt: false })
  })

  it('is decided through a chain whose middle comes last', () => {
    const seen = [at(5, 'a'), at(5, 'c', 'b'), at(5, 'b', 'a')]
    expect(all(seen.slice(0, 2))).toMatchObject({ inDoubt: true })
    expect(all(seen)).toMatchObject({ status: 'c', inDoubt: false })
  })

  it('stays in doubt when the values form a circle', () => {
    expect(all([at(5, 'a', 'b'), at(5, 'b', 'a')])).toMatchObject({ inDoubt: true })
  })

  it('is decided by an answer that takes back what was known when it was asked for', () => {
    const open = { status: 'open', amount: 1 }
    const [changed, back] = [at(5, 'tried', 'open'), { facts: open, stamp: 5 }]
    const sent = all([at(4, 'open'), changed])
    const answered = fold(sent, main, back, sent)
    expect(answered).toMatchObject({ status: 'open', inDoubt: false })
    // Asked for and taken back once more, all within the second.
    const again = fold(answered, main, { facts: { ...open, status: 'tried' }, stamp: 5 }, answered)
    expect(again).toMatchObject({ status: 'tried', inDoubt: false })
    // The first change is told late, and nothing says that it is old: it has to be looked at.
    expect(observe(answered, changed)).toMatchObject({ inDoubt: true })
    const doubted = observe(answered, changed)
    for (const status of ['open', 'tried'])
      expect(fold(doubted, main, { facts: { ...open, status }, stamp: 5 }, doubted)).toMatchObject({
        status,
        inDoubt: false,
      })
    // What came while the request was under way is not known to be older.
    const meanwhile = observe(sent, at(5, 'other'))
    expect(fold(meanwhile, main, back, sent)).toMatchObject({ inDoubt: true })
  })

  it('ends with anything that is later', () => {
    expect(all([at(5, 'open'), at(5, 'tried'), at(6, 'open')])).toMatchObject({
      status: 'open',
      inDoubt: false,
      ties: null,
    })
  })

  it('keeps the doubt, and the same value shown, beyond the most values that it remembers', () => {
    const many = Array.from({ length: 12 }, (_, index) => at(5, `s${index}`))
    const state = all(many)
    expect(state).toMatchObject({ inDoubt: true })
    expect(all(many.toReversed())).toEqual(state)
    expect(all([...many, at(5, 's3')])).toEqual(state)
  })
})
