import { expect, it } from 'vitest'
import { pageQuery, toPage } from './page.ts'

it('reads few different numbers of rows, always more than were asked for', () => {
  const limits = Array.from({ length: 100 }, (_, index) => index + 1)
  const sizes = limits.map((limit) => pageQuery({ limit }).limit)
  expect(new Set(sizes).size).toBe(4)
  expect(sizes.every((size, index) => size > (limits[index] ?? 0))).toBe(true)
})

it('shows as many as were asked for, and where to go on', () => {
  const rows = Array.from({ length: 11 }, (_, index) => ({ createdAt: '2026-01-01T00:00:00.000Z', id: `tx_${index}` }))
  const first = toPage(rows, 3, ({ id }) => id)
  expect(first).toMatchObject({ data: ['tx_0', 'tx_1', 'tx_2'], hasMore: true })
  expect(pageQuery({ limit: 3, cursor: first.nextCursor ?? '' }).after).toEqual({
    ...{ createdAt: '2026-01-01T00:00:00.000Z', id: 'tx_2' },
  })
  expect(toPage(rows.slice(0, 3), 3, ({ id }) => id)).toMatchObject({ hasMore: false, nextCursor: null })
})
