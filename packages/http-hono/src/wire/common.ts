import { currencies, idPattern, type NamedObject, objectIds } from '@florin/core'
import { z } from 'zod'

/** A time in answers. */
export const time = z.string().meta({ format: 'date-time', example: '2026-11-23T15:04:05.123Z' })

/** The fields that every object has, by its name. */
export const objectFields = <Name extends string>(name: Name, id: string) => ({
  id: z.string().meta({ example: id }),
  object: z.literal(name),
  created_at: time,
  updated_at: time,
})

export const stamps = { created_at: '2026-11-23T15:04:05.123Z', updated_at: '2026-11-23T15:04:06.456Z' } as const

/** A user of the host's, as requests name it. */
export const userId = z
  .string()
  .regex(/^[A-Za-z0-9._:@-]{1,255}$/, { error: 'must be 1 to 255 letters, digits or any of . _ : @ -' })
  .meta({ description: 'Your own id of the user.', example: 'user_123' })

export const amount = z
  .int({ error: "must be a whole number of the currency's smallest unit, e.g. 1000 for 10.00 USD" })
  .positive({ error: 'must be greater than zero' })
  .meta({ description: "In the currency's smallest unit: 1000 is 10.00 USD, or 1000 JPY.", example: 1000 })

export const currency = z
  .string()
  .refine((code) => currencies.has(code.toUpperCase()), {
    error: 'must be the ISO code of a currency that Stripe charges in',
  })
  .meta({ description: 'ISO 4217; lower case is accepted.', example: 'USD' })

export const paymentMethodId = z
  .string()
  .regex(idPattern('payment_method'), { error: 'must be an id such as method_… or pm_…' })
  .meta({ description: "Stripe's `pm_…` or Florin's `method_…`.", example: 'pm_card_visa' })

export const priceId = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,255}$/, { error: 'must be the id of a Stripe price' })
  .meta({ description: "Stripe's id of the price.", example: 'price_1234567890' })

export const returnUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .max(2000)
  .meta({
    description: 'Where Stripe sends the customer back after 3-D Secure.',
    example: 'https://shop.example/thanks',
  })

// What may be in keys and values is core's to say; here only that they are texts.
export const metadata = z
  .record(z.string(), z.string())
  .meta({ description: 'Your own keys and values. Keys are never renamed.', example: { order: '1234' } })

/** An object's id in a path: Florin's or Stripe's, for on call one has either at hand. */
export function idPath(object: NamedObject) {
  const { ours, stripes } = objectIds[object]
  const theirs = stripes.map((prefix) => `\`${prefix}_…\``).join(' or ')
  const description = `Florin's \`${ours}_…\` or Stripe's ${theirs}.`
  return z.object({ id: z.string().regex(idPattern(object)).meta({ description }) })
}

export const userPath = z.object({ user_id: userId })

// Only digits count as one: other ways to write a number, 0x10 or 1e1, are more likely slips.
const wholeNumber = z.int({ error: ({ code }) => (code === 'invalid_type' ? 'must be a whole number' : undefined) })
const inDigits = (text: unknown) => (typeof text === 'string' && /^-?[0-9]{1,15}$/.test(text) ? Number(text) : text)

/** The query of every list. */
export const pageQuery = z.strictObject({
  limit: z
    .preprocess(inDigits, wholeNumber.min(1).max(100))
    .optional()
    .meta({ description: '10 where absent.', example: 20 }),
  cursor: z.string().max(500).optional().meta({ description: 'The `next_cursor` of the page before.' }),
})

/** One page of a list. */
export const pageOf = <Item extends z.ZodType>(item: Item, name: string) =>
  z
    .object({
      data: z.array(item).meta({ description: 'Newest first.' }),
      has_more: z.boolean(),
      next_cursor: z.string().nullable().meta({ description: 'Give it as `cursor` to get the next page.' }),
    })
    .meta({ id: `${name}Page` })

export interface PageBody<Item> {
  data: Item[]
  has_more: boolean
  next_cursor: string | null
}
