import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { currencies } from './currencies.ts'
import { fromDecimal, toDecimal } from './decimal.ts'
import { amountProblem } from './money.ts'

const codes = [...currencies.keys()]
const zero = 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' ')
const three = 'BHD JOD KWD OMR TND'.split(' ')

describe('every currency of Stripe’s', () => {
  it.each(codes)('%s is written with its own number of decimals, and read back', (currency) => {
    const ten = zero.includes(currency) ? '10' : three.includes(currency) ? '10.000' : '10.00'
    const amount = fromDecimal(ten, currency)
    expect(toDecimal(amount, currency)).toBe(ten)
    expect(amount).toBe(zero.includes(currency) ? 10 : three.includes(currency) ? 10_000 : 1000)
  })

  it('comes back from text unchanged, whatever the amount', () => {
    const any = fc.tuple(fc.integer({ min: -99_999_999, max: 99_999_999 }), fc.constantFrom(...codes))
    fc.assert(fc.property(any, ([amount, currency]) => fromDecimal(toDecimal(amount, currency), currency) === amount))
  })
})

// Mistakes that other libraries have made with real money.
describe('known mistakes', () => {
  it('JPY is not multiplied by 100', () => {
    expect(fromDecimal('1000', 'JPY')).toBe(1000)
  })

  it('UGX is not taken for a currency without decimals: 5 UGX are sent as 500', () => {
    expect(fromDecimal('5', 'UGX')).toBe(500)
    expect(amountProblem(500, 'UGX')).toBeUndefined()
    expect(amountProblem(5, 'UGX')).toMatch(/multiple of 100/)
  })

  it('three decimals are not rounded up, but must end in 0', () => {
    expect(fromDecimal('1.234', 'KWD')).toBe(1234)
    expect(amountProblem(1234, 'KWD')).toMatch(/multiple of 10/)
    expect(() => fromDecimal('1.2345', 'KWD')).toThrow(/at most 3 decimals/)
  })

  it('ISK and HUF are not shown a hundred times too high', () => {
    expect(toDecimal(50_000, 'ISK')).toBe('500.00')
    expect(toDecimal(50_000, 'HUF')).toBe('500.00')
  })

  it('floats are not amounts', () => {
    expect(() => toDecimal(10.5, 'USD')).toThrow(/whole number/)
    expect(() => fromDecimal('1e3', 'USD')).toThrow(/plain number/)
    expect(fromDecimal('0.29', 'USD') + fromDecimal('0.01', 'USD')).toBe(30)
  })
})
