import { describe, expect, it } from 'vitest'
import { currencies } from './currencies.ts'
import { amountProblem, currencyCode } from './money.ts'

describe('amounts', () => {
  it.each([
    { amount: 50, currency: 'USD' },
    { amount: 50, currency: 'JPY' },
    { amount: 500, currency: 'UGX', why: '5 UGX are sent as 500' },
    { amount: 100, currency: 'ISK' },
    { amount: 1000, currency: 'KWD', why: '1.000 KWD' },
    { amount: 17_500, currency: 'HUF', why: 'two decimals for charges' },
    { amount: 99_999_999, currency: 'EUR' },
    { amount: 999_999_999, currency: 'INR', why: 'nine digits' },
  ])('takes $amount $currency', ({ amount, currency }) => {
    expect(amountProblem(amount, currency)).toBeUndefined()
  })

  it.each([
    { amount: 49, currency: 'USD', problem: /at least 50/ },
    { amount: 550, currency: 'UGX', problem: /multiple of 100/ },
    { amount: 5, currency: 'UGX', problem: /multiple of 100/ },
    { amount: 1001, currency: 'KWD', problem: /multiple of 10/ },
    { amount: 100_000_000, currency: 'USD', problem: /at most 99999999/ },
    { amount: 17_499, currency: 'HUF', problem: /at least 17500/ },
    { amount: 100, currency: 'XXX', problem: /not a currency/ },
  ])('refuses $amount $currency', ({ amount, currency, problem }) => {
    expect(amountProblem(amount, currency)).toMatch(problem)
  })

  it('knows every currency once, with an exponent of its own', () => {
    const withExponent = (wanted: number) =>
      [...currencies.values()].filter(({ exponent }) => exponent === wanted).length
    expect([currencies.size, withExponent(0), withExponent(3)]).toEqual([140, 15, 5])
  })

  it('raises lower case', () => {
    expect(currencyCode.parse('eur')).toBe('EUR')
  })
})
