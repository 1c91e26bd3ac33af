import { expect, it } from 'vitest'
import { openedTexts } from './opened-texts.ts'

const cell = { table: 'transactions', column: 'description', id: 'tx_1' }

it('holds some ten thousand texts, those that were asked for last', () => {
  const texts = openedTexts()
  texts.keep('asked', cell, 'for')
  for (let n = 0; n < 100_000; n += 1) {
    texts.keep(`sealed ${n}`, cell, `plain ${n}`)
    expect(texts.find('asked', cell)).toBe('for')
  }
  const kept = Array.from({ length: 100_000 }, (_, n) => texts.find(`sealed ${n}`, cell)).filter(Boolean)
  expect(kept.length).toBeGreaterThan(8000)
  expect(kept.length).toBeLessThanOrEqual(16_384)
  expect(kept.at(-1)).toBe('plain 99999')
})

it.each([{ other: { table: 'subscriptions' } }, { other: { column: 'metadata' } }, { other: { id: 'tx_2' } }])(
  'knows nothing of a text in another cell: $other',
  ({ other }) => {
    const texts = openedTexts()
    texts.keep('sealed', cell, 'plain')
    expect(texts.find('sealed', { ...cell, ...other })).toBeUndefined()
    expect(texts.find('sealed', { ...cell })).toBe('plain')
  },
)

it('keeps no long text', () => {
  const texts = openedTexts()
  const [long, short] = ['x'.repeat(1501), 'x'.repeat(1500)]
  for (const sealed of [long, short]) texts.keep(sealed, cell, 'plain')
  expect(texts.find(long, cell)).toBeUndefined()
  expect(texts.find(short, cell)).toBe('plain')
})
