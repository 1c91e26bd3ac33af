import { z } from 'zod'
import { InvalidError } from '../errors.ts'
import { currencies } from './currencies.ts'

/** An upper-case ISO currency code that Stripe charges in; lower case is accepted and raised. */
export const currencyCode = z
  .string()
  .transform((code) => code.toUpperCase())
  .refine((code) => currencies.has(code), {
    error: 'must be the ISO code of a currency that Stripe charges in',
    abort: true,
  })

/** A whole number of the currency's smallest unit as Stripe counts it: 1000 is 10.00 USD, 1000 JPY, 1.000 KWD. */
export const amount = z
  .int({ error: "must be a whole number of the currency's smallest unit, e.g. 1000 for 10.00 USD" })
  .positive({ error: 'must be greater than zero', abort: true })

/** What is wrong with charging this amount, in words for the caller, or undefined where Stripe would take it. */
export function amountProblem(value: number, currency: string): string | undefined {
  const rule = currencies.get(currency)
  if (!rule) return `${currency} is not a currency that Stripe charges in`
  const problem = multipleProblem(value, currency)
  if (problem) return problem
  if (value < rule.minimum) return `must be at least ${rule.minimum} in ${currency}, Stripe's minimum`
  if (value > rule.maximum) return `must be at most ${rule.maximum} in ${currency}, Stripe's maximum`
  return undefined
}

/** What is wrong with giving back or capturing this amount: there is no minimum, but Stripe counts some in steps. */
export function multipleProblem(value: number, currency: string): string | undefined {
  const multiple = currencies.get(currency)?.multiple ?? 1
  return value % multiple === 0 ? undefined : `must be a multiple of ${multiple} in ${currency}`
}

/**
 * Refuses a part of a payment that Stripe cannot count in its currency.
 *
 * @throws `invalid` input_invalid
 */
export function checkMultiple(value: number, currency: string): void {
  const problem = multipleProblem(value, currency)
  if (problem) throw badAmount(problem)
}

/** The refusal of an amount, which names its field. */
export const badAmount = (message: string): InvalidError =>
  new InvalidError('input_invalid', `amount: ${message}`, { fields: [{ field: 'amount', message }] })
