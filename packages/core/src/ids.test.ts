import { describe, expect, it } from 'vitest'
import { idMaker } from './ids.ts'
import { systemRuntime } from './runtime.ts'

describe('ids', () => {
  it('sort in the order in which they were made, also within one millisecond and when the clock goes back', () => {
    let now = 1_763_910_000_000
    const newId = idMaker({ ...systemRuntime, now: () => now })
    const ids = Array.from({ length: 10_000 }, (_, index) => {
      if (index === 9000) now -= 5000
      return newId('tx')
    })
    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids).size).toBe(10_000)
  })

  it('carry their prefix and a UUID of version 7', () => {
    expect(idMaker(systemRuntime)('refund')).toMatch(/^refund_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
  })
})
