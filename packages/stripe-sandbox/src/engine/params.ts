import type { FormTree, FormValue } from './form.ts'
import { invalidParam, notImitated, StripeFailure } from './stripe-failure.ts'

/** How one parameter is read from the form. */
export interface Param<out T, out R extends boolean = boolean> {
  readonly required: R
  readonly read: (value: FormValue, name: string) => T
}

/** The parameters of a route or of a nested object, by name. Names not listed are refused. */
export type Shape = Readonly<Record<string, Param<unknown>>>

type Value<P> = P extends Param<infer T> ? T : never
type RequiredKeys<S extends Shape> = { [K in keyof S]: S[K] extends Param<unknown, true> ? K : never }[keyof S]

/** What a handler gets for a shape: required names always, the others only if they were sent. */
export type ParamsOf<S extends Shape> = { readonly [K in RequiredKeys<S>]: Value<S[K]> } & {
  readonly [K in Exclude<keyof S, RequiredKeys<S>>]?: Value<S[K]>
}

const optional = <T>(read: Param<T>['read']): Param<T, false> => ({ required: false, read })

const scalar = (value: FormValue, name: string): string => {
  if (typeof value !== 'string') throw invalidParam('Invalid string: an object or array was given', name)
  return value
}

/** Refuses an empty value, as Stripe does for all that cannot be unset. */
const filled = (value: FormValue, name: string): string => {
  const text = scalar(value, name)
  if (text !== '') return text
  throw invalidParam(
    `You passed an empty string for '${name}'. We assume empty values are an attempt to unset a parameter; however '${name}' cannot be unset. You should remove '${name}' from your request or supply a non-empty value.`,
    name,
    'parameter_invalid_empty',
  )
}

/** Makes a parameter mandatory. */
export const required = <T>(param: Param<T>): Param<T, true> => ({ required: true, read: param.read })

/** Lets an empty value mean "unset", read as null. */
export const clearable = <T>(param: Param<T>): Param<T | null, false> =>
  optional((value, name) => (value === '' ? null : param.read(value, name)))

/** A text of at most `max` characters. */
export const text = ({ max = 5000 }: { max?: number } = {}): Param<string, false> =>
  optional((value, name) => {
    const read = filled(value, name)
    if (read.length <= max) return read
    throw invalidParam(
      `Invalid string: ${read.slice(0, 12)}...${read.slice(-5)}; must be at most ${max} characters`,
      name,
    )
  })

/** A whole number, within bounds. */
export const integer = ({ min, max }: { min?: number; max?: number } = {}): Param<number, false> =>
  optional((value, name) => {
    const read = filled(value, name)
    if (!/^[+-]?\d{1,15}$/.test(read)) throw invalidParam(`Invalid integer: ${read}`, name, 'parameter_invalid_integer')
    const number = Number(read)
    if (min !== undefined && number < min) {
      throw invalidParam(`This value must be greater than or equal to ${min}.`, name, 'parameter_invalid_integer')
    }
    if (max !== undefined && number > max) {
      throw invalidParam(
        `This value must be less than or equal to ${max} (it currently is '${number}').`,
        name,
        'parameter_invalid_integer',
      )
    }
    return number
  })

/** A decimal number as text, e.g. `unit_amount_decimal`. */
export const decimal = (): Param<string, false> =>
  optional((value, name) => {
    const read = filled(value, name)
    if (!/^-?\d{1,12}(\.\d{1,12})?$/.test(read)) throw invalidParam(`Invalid decimal: ${read}`, name)
    return read
  })

/** `true` or `false`. */
export const flag = (): Param<boolean, false> =>
  optional((value, name) => {
    const read = filled(value, name)
    if (read === 'true' || read === 'false') return read === 'true'
    throw invalidParam(`Invalid boolean: ${read}`, name)
  })

/** One of the words given. */
export const choice = <const W extends string>(...words: readonly [W, ...W[]]): Param<W, false> =>
  optional((value, name) => {
    const read = filled(value, name)
    const found = words.find((word) => word === read)
    if (found !== undefined) return found
    const list = words.length === 1 ? words[0] : `one of ${words.slice(0, -1).join(', ')}, or ${words.at(-1)}`
    throw invalidParam(`Invalid ${name}: must be ${list}`, name)
  })

/** A list, written `name[0]=…` or `name[]=…`. */
export const list = <T>(item: Param<T>, { max = 500 }: { max?: number } = {}): Param<readonly T[], false> =>
  optional((value, name) => {
    if (value === '') return []
    if (typeof value === 'string') throw invalidParam('Invalid array', name)
    const entries = Object.entries(value)
    if (entries.some(([key]) => !/^\d+$/.test(key))) throw invalidParam('Invalid array', name)
    if (entries.length > max) throw invalidParam(`Array ${name} exceeded maximum ${max} allowed elements.`, name)
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([key, entry]) => item.read(entry, `${name}[${key}]`))
  })

/** A nested object with its own parameters. */
export const object = <S extends Shape>(shape: S): Param<ParamsOf<S>, false> =>
  optional((value, name) => {
    if (typeof value === 'string') throw invalidParam('Invalid object', name)
    return readShape(shape, value, name)
  })

/** Reads by the first of two that fits; if none fits, the second one's complaint is answered. */
export const either = <A, B>(first: Param<A>, second: Param<B>): Param<A | B, false> =>
  optional((value, name) => {
    try {
      return first.read(value, name)
    } catch (error) {
      if (!(error instanceof StripeFailure)) throw error
      return second.read(value, name)
    }
  })

/** A parameter that Stripe has and the sandbox does not imitate. */
export const unsupported = (): Param<never, false> =>
  optional((_, name) => {
    throw notImitated(`the parameter '${name}'`, name)
  })

/** The same for many. */
export function allUnsupported<const N extends string>(names: readonly N[]): Readonly<Record<N, Param<never, false>>> {
  // Every name is a key, which the type of a computed object cannot express.
  return Object.fromEntries(names.map((name) => [name, unsupported()])) as Record<N, Param<never, false>>
}

/** A word that Stripe knows and the sandbox does not imitate is refused as such, not as misspelt. */
export const choiceBut = <const W extends string>(
  words: readonly [W, ...W[]],
  others: readonly string[],
): Param<W, false> =>
  optional((value, name) =>
    typeof value === 'string' && others.includes(value)
      ? unsupported().read(value, name)
      : choice(...words).read(value, name),
  )

/** A moment in whole seconds. */
export const timestamp = (): Param<number, false> => integer({ min: 0 })

/** The `created` filter of lists: a moment, or bounds. */
export const createdFilter = () =>
  either(object({ gt: timestamp(), gte: timestamp(), lt: timestamp(), lte: timestamp() }), timestamp())

/** The parameters that every list has. */
export const pageShape = { limit: integer({ min: 1, max: 100 }), starting_after: text(), ending_before: text() }

/** Reads a whole form by its shape. Complains of unknown names first, then of missing ones, then of wrong values. */
export function readShape<S extends Shape>(shape: S, form: FormTree, parent = ''): ParamsOf<S> {
  const nameOf = (key: string): string => (parent === '' ? key : `${parent}[${key}]`)
  const unknown = Object.keys(form).filter((key) => !Object.hasOwn(shape, key))
  if (unknown[0] !== undefined) {
    const names = unknown.map(nameOf).join(', ')
    throw invalidParam(
      `Received unknown parameter${unknown.length > 1 ? 's' : ''}: ${names}`,
      nameOf(unknown[0]),
      'parameter_unknown',
    )
  }
  const values: Record<string, unknown> = {}
  for (const [key, param] of Object.entries(shape)) {
    const value = form[key]
    if (value !== undefined) values[key] = param.read(value, nameOf(key))
    else if (param.required) {
      throw invalidParam(`Missing required param: ${nameOf(key)}.`, nameOf(key), 'parameter_missing')
    }
  }
  // Every key was read by its own reader just above, which the type of a computed object cannot express.
  return values as ParamsOf<S>
}
