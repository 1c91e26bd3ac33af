import { z } from 'zod'
import { type FieldError, InvalidError } from '../errors.ts'
import { hasCardNumber } from './card-number.ts'

const CARD_NUMBER = 'card_number_refused'

/**
 * Parses a use case's input.
 *
 * @throws `invalid` input_invalid with every field that is wrong; card_number_refused where a text holds a card number
 */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map(toFieldError)
  const summary = fields.map(({ field, message }) => `${field}: ${message}`).join('; ')
  const refused = parsed.error.issues.some((issue) => issue.code === 'custom' && issue.params?.refusal === CARD_NUMBER)
  throw new InvalidError(refused ? CARD_NUMBER : 'input_invalid', summary, { fields })
}

function toFieldError(issue: z.core.$ZodIssue): FieldError {
  if (issue.code === 'unrecognized_keys') {
    return { field: [...issue.path, issue.keys[0]].map(String).join('.'), message: 'is not a field of this request' }
  }
  return { field: issue.path.map(String).join('.') || '(body)', message: issue.message }
}

const withoutCardNumber = (text: string, context: z.RefinementCtx<unknown>) => {
  if (!hasCardNumber(text)) return
  const message = 'holds a card number, which must never be sent here: collect cards with Stripe Elements'
  context.addIssue({ code: 'custom', message, params: { refusal: CARD_NUMBER } })
}

const halfPair = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Whether Postgres can store it as text. */
const isStorable = (text: string) => !text.includes('\u0000') && !halfPair.test(text)

/** Free text of a caller's. Never with a card number in it. */
export const freeText = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine(isStorable, { error: 'holds a character that is not text (U+0000 or half a pair)' })
    .superRefine(withoutCardNumber)

/** Stripe's limits: 50 keys of 40 characters, values of 500. Keys of Florin's own are kept for Florin. */
export const metadata = z
  .record(
    z
      .string()
      .min(1)
      .max(40)
      .regex(/^[^[\]]+$/, { error: 'must not hold square brackets' })
      .refine((key) => !key.startsWith('florin_'), { error: 'must not begin with florin_' }),
    freeText(500),
  )
  .superRefine((values, context) => {
    // A key is the caller's own words as much as its value.
    for (const key of Object.keys(values)) withoutCardNumber(key, context)
  })
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
