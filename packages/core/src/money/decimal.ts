import { InvalidError } from '../errors.ts'
import { currencies } from './currencies.ts'

// Text and whole numbers only: 0.1 + 0.2 is not money.

function exponentOf(currency: string): number {
  const rule = currencies.get(currency.toUpperCase())
  if (!rule) throw invalid('currency', `${currency} is not a currency that Stripe charges in`)
  return rule.exponent
}

const invalid = (field: string, message: string) =>
  new InvalidError('input_invalid', `${field}: ${message}`, { fields: [{ field, message }] })

/**
 * An amount as people write it: 1000 is `10.00` in USD, `1000` in JPY, `1.000` in KWD, and 500 is `5.00` in UGX, as
 * Stripe counts it.
 *
 * @throws `invalid` input_invalid for a currency that Stripe has not, or an amount that is no whole number
 */
export function toDecimal(amount: number, currency: string): string {
  const exponent = exponentOf(currency)
  if (!Number.isSafeInteger(amount)) throw invalid('amount', "must be a whole number of the currency's smallest unit")
  if (exponent === 0) return String(amount)
  const digits = String(Math.abs(amount)).padStart(exponent + 1, '0')
  return `${amount < 0 ? '-' : ''}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

/**
 * An amount in the currency's smallest unit from how people write it: `10.00` USD is 1000. Never rounds.
 *
 * @throws `invalid` input_invalid for more decimals than the currency has, and for anything that is not a plain number
 */
export function fromDecimal(decimal: string, currency: string): number {
  const exponent = exponentOf(currency)
  const [, sign = '', whole = '', fraction = ''] = decimal.match(/^(-?)(\d+)(?:\.(\d+))?$/) ?? []
  if (whole === '' || fraction.length > exponent) {
    const most = exponent === 0 ? 'no decimals' : `at most ${exponent} decimals`
    throw invalid('amount', `must be a plain number with ${most} in ${currency.toUpperCase()}`)
  }
  const amount = Number(`${sign}${whole}${fraction.padEnd(exponent, '0')}`)
  if (!Number.isSafeInteger(amount)) throw invalid('amount', 'is too large')
  return amount === 0 ? 0 : amount
}
