import type { z } from 'zod'
import { type FieldError, InvalidError } from '../errors.ts'
import { maskCardNumbers } from './card-number.ts'

/** The code of a text that holds a card number; fields that refuse one name it as their issue's `refusal`. */
export const CARD_NUMBER = 'card_number_refused'

/**
 * Parses a use case's input.
 *
 * @throws `invalid` input_invalid with every field that is wrong; card_number_refused where a text holds a card number
 */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const checked = checkInput(schema, input)
  if (checked.fields === undefined) return checked.data
  const { fields, code } = checked
  const summary = fields.map(({ field, message }) => `${field}: ${message}`).join('; ')
  throw new InvalidError(code, summary, { fields })
}

/** What an input came to: its data, or every field that is wrong. */
type Checked<T> =
  | { readonly data: T; readonly fields?: undefined }
  | { readonly fields: readonly FieldError[]; readonly code: 'card_number_refused' | 'input_invalid' }

/** Checks an input by a schema. What is wrong is told in the same words to whoever calls a method or sends a request. */
export function checkInput<T>(schema: z.ZodType<T>, input: unknown): Checked<T> {
  const parsed = schema.safeParse(input, { error: inWords, reportInput: true })
  if (parsed.success) return { data: parsed.data }
  const issues = parsed.error.issues.flatMap(ofKey)
  const refused = issues.some((issue) => issue.code === 'custom' && issue.params?.refusal === CARD_NUMBER)
  return { fields: told(issues), code: refused ? CARD_NUMBER : 'input_invalid' }
}

/** What is wrong with a key lies within the issue that says that something is. */
const ofKey = (issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] =>
  issue.code === 'invalid_key' ? issue.issues.map((within) => ({ ...within, path: issue.path })) : [issue]

/** How many fields are told. An input may have a hundred thousand that are wrong, and nobody reads so many. */
const MOST_TOLD = 20

function told(issues: readonly z.core.$ZodIssue[]): readonly FieldError[] {
  const wrong = issues.flatMap(wrongBy)
  const fields = wrong.slice(0, MOST_TOLD).map(({ path, message }) => ({ field: named(path) || '(body)', message }))
  const more = wrong.length - fields.length
  if (more === 0) return fields
  return [...fields, { field: '(more)', message: `${more} more ${more === 1 ? 'field is' : 'fields are'} wrong` }]
}

interface Wrong {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

function wrongBy(issue: z.core.$ZodIssue): readonly Wrong[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'is not a field of this request' }))
  }
  // Also where the schema has words of its own for what is wrong.
  const missing = issue.input === undefined && /^invalid_(type|value)$/.test(issue.code)
  return [{ path: issue.path, message: missing ? 'is required' : issue.message }]
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

/** What is wrong where the schema has no words for it: the validator's own are for programmers. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return `must be ${kinds[issue.expected] ?? `a ${issue.expected}`}`
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`
  if (issue.code === 'invalid_format') return 'does not have the form that it must have'
  if (issue.code === 'too_small') return bounded(issue.origin, 'least', issue.minimum)
  return issue.code === 'too_big' ? bounded(issue.origin, 'most', issue.maximum) : undefined
}

function bounded(origin: string, bound: 'least' | 'most', limit: number | bigint): string {
  const what = { string: 'character', array: 'item' }[origin]
  return what ? `must have at ${bound} ${limit} ${what}${limit === 1 ? '' : 's'}` : `must be at ${bound} ${limit}`
}

// Keys are the caller's own words, and may hold anything.
const named = (path: readonly unknown[]) => maskCardNumbers(path.map(String).join('.').slice(0, 100))
