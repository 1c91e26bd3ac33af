/**
 * Finds card numbers in free text: 13 to 19 digits that pass Luhn and have an issuer's prefix with a length that this issuer
 * uses. Luhn alone would refuse one id in ten.
 *
 * People write a number in groups, and beside it what else stands on a card: its expiry, its code. So any groups in a row
 * may be the number, where all but the last have four digits or more, as on cards; so that dates and times are none. Groups
 * of any other size are one only as a whole.
 *
 * A UUID is taken as a whole, and is none: otherwise the digits that some begin with would refuse one random key in 40,000,
 * for good.
 */
const words = /(?<![0-9A-Za-z_])(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9]+)(?![0-9A-Za-z_])/g

const LONGEST = 19
const LEAST_IN_A_GROUP = 4

/** Digits that stand together, and how closely they follow those before. */
interface Group {
  readonly start: number
  readonly end: number
  readonly digits: string
  readonly follows: 'closely' | 'loosely' | 'not'
}

const issuers: readonly { readonly prefix: RegExp; readonly lengths: readonly number[] }[] = [
  { prefix: /^4/, lengths: [13, 16, 19] },
  { prefix: /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] },
  { prefix: /^3[47]/, lengths: [15] },
  { prefix: /^(6011|64[4-9]|65)/, lengths: [16, 19] },
  { prefix: /^(30[0-5]|3095|36|38|39)/, lengths: [14, 16, 19] },
  { prefix: /^35(2[89]|[3-8])/, lengths: [16, 17, 18, 19] },
  { prefix: /^62/, lengths: [16, 17, 18, 19] },
  { prefix: /^(50|5[6-9]|63|67)/, lengths: [13, 15, 16, 18, 19] },
]

function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index])
    const doubled = index % 2 === 0 ? digit : digit * 2
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

function isCardNumber(digits: string): boolean {
  const issued = issuers.some(({ prefix, lengths }) => prefix.test(digits) && lengths.includes(digits.length))
  return issued && passesLuhn(digits)
}

function groupsIn(text: string): readonly Group[] {
  const groups: Group[] = []
  for (const { 0: word, index: start } of text.matchAll(words)) {
    if (!isUuid(word)) {
      const before = groups.at(-1)?.end
      const follows = before === undefined ? 'not' : closeness(text.slice(before, Math.min(start, before + 4)))
      groups.push({ start, end: start + word.length, digits: word, follows })
    }
  }
  return groups
}

const isUuid = (word: string) => word.length === 36 && word.includes('-')

function closeness(between: string): Group['follows'] {
  if (between === ' ' || between === '-') return 'closely'
  return /^[\s\p{Dash_Punctuation}.+/]{1,3}$/u.test(between) ? 'loosely' : 'not'
}

/** The index of the last group of a card number that begins with a group. */
function lastOfCard(groups: readonly Group[], first: number): number | undefined {
  let digits = ''
  let areLong = true
  let areClose = groups[first]?.follows !== 'closely'
  for (let at = first; at < groups.length; at += 1) {
    const group = groups[at]
    if (!group || (at > first && group.follows === 'not')) return undefined
    digits += group.digits
    if (digits.length > LONGEST) return undefined
    if (at > first) areClose &&= group.follows === 'closely'
    const isWhole = areClose && groups[at + 1]?.follows !== 'closely'
    if ((areLong || isWhole) && isCardNumber(digits)) return at
    areLong &&= group.digits.length >= LEAST_IN_A_GROUP
  }
  return undefined
}

/** Where a text's card numbers begin and end. */
function cardNumbersIn(text: string): readonly { readonly start: number; readonly end: number }[] {
  const groups = groupsIn(text)
  const found: { start: number; end: number }[] = []
  let last = -1
  for (const [at, { start }] of groups.entries()) {
    const end = at > last ? lastOfCard(groups, at) : undefined
    if (end !== undefined) {
      last = end
      found.push({ start, end: groups[end]?.end ?? start })
    }
  }
  return found
}

/** Whether a text holds something that looks like a card number. */
export function hasCardNumber(text: string): boolean {
  return cardNumbersIn(text).length > 0
}

/** The text with card numbers replaced: for texts of Stripe's, which are masked and never refused. */
export function maskCardNumbers(text: string): string {
  let masked = ''
  let from = 0
  for (const { start, end } of cardNumbersIn(text)) {
    masked += `${text.slice(from, start)}[card number]`
    from = end
  }
  return masked + text.slice(from)
}
