import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { at } from '../../test/billing-rig.ts'
import { addIntervals, nextBoundary, wholePeriodAround } from './billing-period.ts'

const month = { interval: 'month', interval_count: 1 } as const

describe('billing periods', () => {
  test.each([
    { why: 'a short month', from: '2026-01-31', count: 1, to: '2026-02-28' },
    { why: 'a leap year', from: '2028-01-31', count: 1, to: '2028-02-29' },
    { why: 'back to the anchor day', from: '2026-01-31', count: 2, to: '2026-03-31' },
    { why: 'thirty days', from: '2026-01-31', count: 3, to: '2026-04-30' },
    { why: 'over the year', from: '2026-11-15', count: 3, to: '2027-02-15' },
    { why: 'backwards', from: '2026-03-31', count: -1, to: '2026-02-28' },
  ])('months keep the day: $why', ({ from, count, to }) => {
    expect(addIntervals(at(from), month, count)).toBe(at(to))
  })

  test('years end on 28 February where there is no 29th', () => {
    const year = { interval: 'year', interval_count: 1 } as const
    expect(addIntervals(at('2028-02-29'), year, 1)).toBe(at('2029-02-28'))
    expect(addIntervals(at('2028-02-29'), year, 4)).toBe(at('2032-02-29'))
  })

  test('the time of day is kept', () => {
    const anchor = at('2026-01-31T13:14:15Z')
    expect(addIntervals(anchor, month, 1)).toBe(at('2026-02-28T13:14:15Z'))
    expect(addIntervals(anchor, { interval: 'week', interval_count: 2 }, 1)).toBe(at('2026-02-14T13:14:15Z'))
  })

  const cadences = fc.record({
    interval: fc.constantFrom('day', 'week', 'month', 'year'),
    interval_count: fc.integer({ min: 1, max: 3 }),
  })
  const moments = fc.integer({ min: at('2000-01-01'), max: at('2040-01-01') })

  test('the next boundary is the first of the grid after a moment', () => {
    fc.assert(
      fc.property(moments, cadences, moments, (anchor, cadence, moment) => {
        const { start, end } = wholePeriodAround(anchor, cadence, moment)
        expect(start).toBeLessThanOrEqual(moment)
        expect(end).toBeGreaterThan(moment)
        expect(nextBoundary(anchor, cadence, moment)).toBe(end)
        expect(nextBoundary(anchor, cadence, start)).toBe(end)
      }),
      { numRuns: 500 },
    )
  })
})
