import { z } from 'zod'
import { defaultSettings, type Settings } from '../deps.ts'
import { parseInput, withoutCardNumber } from './parse-input.ts'

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
  const isSaid = userIdPattern !== defaultSettings.userIdPattern
  const text = z.string().regex(userIdPattern, { error: 'is not such an id as users have here' })
  parseInput(z.looseObject({ userId: isSaid ? text : text.superRefine(withoutCardNumber) }), parsed.data)
}
