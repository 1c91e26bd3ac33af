import { z } from 'zod'
import { defaultSettings, type Settings } from '../deps.ts'
import { withoutCardNumber } from './fields.ts'
import { parseInput } from './parse-input.ts'

const named = z.looseObject({ userId: z.string() })

/**
 * Checks that a user whom something is made for has such an id as the host gives. Where the host says how its ids look,
 * they are believed to be no card numbers; 16 digits that nobody has spoken for may be one.
 *
 * @throws `invalid` input_invalid, card_number_refused
 */
export function checkUserId({ userIdPattern }: Pick<Settings, 'userIdPattern'>, input: unknown): void {
  const parsed = named.safeParse(input)
  if (!parsed.success) return
  parseInput(shapeOf(userIdPattern), parsed.data)
}

// Making a schema takes far longer than using it.
const shapes = new WeakMap<RegExp, z.ZodType>()

function shapeOf(pattern: RegExp): z.ZodType {
  const known = shapes.get(pattern)
  if (known) return known
  const isSaid = pattern !== defaultSettings.userIdPattern
  const text = z.string().max(255, { abort: true }).regex(pattern, { error: 'is not such an id as users have here' })
  const shape = z.looseObject({ userId: isSaid ? text : text.superRefine(withoutCardNumber) })
  shapes.set(pattern, shape)
  return shape
}
