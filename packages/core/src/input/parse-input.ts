import { z } from 'zod'
import { type FieldError, InvalidError } from '../errors.ts'
import { hasCardNumber, maskCardNumbers } from './card-number.ts'

const CARD_NUMBER = 'card_number_refused'

/**
 * Parses a use case's input.
 *
 * @throws `invalid` input_invalid with every field that is wrong; card_number_refused where a text holds a card number
 */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.flatMap(ofKey)
  const fields = issues.map(toFieldError)
  const summary = fields.map(({ field, message }) => `${field}: ${message}`).join('; ')
  const refused = issues.some((issue) => issue.code === 'custom' && issue.params?.refusal === CARD_NUMBER)
  throw new InvalidError(refused ? CARD_NUMBER : 'input_invalid', summary, { fields })
}

/** What is wrong with a key lies within the issue that says that something is. */
const ofKey = (issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] =>
  issue.code === 'invalid_key' ? issue.issues.map((within) => ({ ...within, path: issue.path })) : [issue]

function toFieldError(issue: z.core.$ZodIssue): FieldError {
  if (issue.code === 'unrecognized_keys') {
    return { field: named([...issue.path, issue.keys[0]]), message: 'is not a field of this request' }
  }
  return { field: named(issue.path) || '(body)', message: issue.message }
}

// Keys are the caller's own words, and may hold anything.
const named = (path: readonly unknown[]) => maskCardNumbers(path.map(String).join('.').slice(0, 100))

/** Refuses a text with a card number in it. */
export const withoutCardNumber = (text: string, context: z.RefinementCtx<string>) => {
  if (!hasCardNumber(text)) return
  const message = 'holds a card number, which must never be sent here: collect cards with Stripe Elements'
  context.addIssue({ code: 'custom', message, params: { refusal: CARD_NUMBER } })
}

const halfPair = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Whether Postgres can store it as text. */
const isStorable = (text: string) => !text.includes('\u0000') && !halfPair.test(text)

const storableText = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine(isStorable, { error: 'holds a character that is not text (U+0000 or half a pair)' })

/** Free text of a caller's. Never with a card number in it. */
export const freeText = (most: number) => storableText(most).superRefine(withoutCardNumber)

/** Stripe's limits: 50 keys of 40 characters, values of 500. Keys of Florin's own are kept for Florin. */
export const metadata = z
  .record(
    storableText(40)
      .regex(/^[^[\]]+$/, { error: 'must not hold square brackets' })
      .refine((key) => !key.startsWith('florin_'), { error: 'must not begin with florin_' })
      .superRefine(withoutCardNumber),
    freeText(500),
  )
  // Six keys are left for Florin's own.
  .refine((values) => Object.keys(values).length <= 44, { error: 'must have at most 44 keys' })

/** A user id of the host's. */
export const userId = z
  .string()
  .regex(/^[A-Za-z0-9._:@-]{1,255}$/, { error: 'must be 1 to 255 letters, digits or any of . _ : @ -' })

/** Where Stripe sends the customer back after 3-D Secure. */
export const returnUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .max(2000)
  .superRefine(withoutCardNumber)
