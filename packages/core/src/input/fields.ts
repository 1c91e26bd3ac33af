import { z } from 'zod'
import { hasCardNumber } from './card-number.ts'
import { CARD_NUMBER } from './parse-input.ts'

/** Refuses a text with a card number in it. */
export const withoutCardNumber = (text: string, context: z.RefinementCtx<string>) => {
  if (!hasCardNumber(text)) return
  const message = 'holds a card number, which must never be sent here: collect cards with Stripe Elements'
  context.addIssue({ code: 'custom', message, params: { refusal: CARD_NUMBER } })
}

const halfPair = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Whether Postgres can store it as text. */
const isStorable = (text: string) => !text.includes('\u0000') && !halfPair.test(text)

// Where a text is too long, nothing else of it is looked at.
const storableText = (most: number) =>
  z
    .string()
    .min(1)
    .max(most, { abort: true })
    .refine(isStorable, { error: 'holds a character that is not text (U+0000 or half a pair)' })

/** Free text of a caller's. Never with a card number in it. */
export const freeText = (most: number) => storableText(most).superRefine(withoutCardNumber)

/** Stripe's limits: 50 keys of 40 characters, values of 500. Keys of Florin's own are kept for Florin. */
export const metadata = z
  // Counted before any is looked at. What the values are is the second schema's to say.
  .record(z.string(), z.custom<string>())
  // Six keys are left for Florin's own.
  .refine((values) => Object.keys(values).length <= 44, { error: 'must have at most 44 keys' })
  .pipe(
    z.record(
      storableText(40)
        .regex(/^[^[\]]*$/, { error: 'must not hold square brackets' })
        .refine((key) => !key.startsWith('florin_'), { error: 'must not begin with florin_' })
        .superRefine(withoutCardNumber),
      freeText(500),
    ),
  )

/** A user id of the host's. */
export const userId = z
  .string()
  .regex(/^[A-Za-z0-9._:@-]{1,255}$/, { error: 'must be 1 to 255 letters, digits or any of . _ : @ -' })

/** Where Stripe sends the customer back, or on. */
export const returnUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .max(2000, { abort: true })
  .superRefine(withoutCardNumber)
