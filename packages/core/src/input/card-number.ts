/**
 * Finds card numbers in free text: 13 to 19 digits (single blanks or hyphens between them allowed) that pass Luhn and
 * have an issuer's prefix with a length that this issuer uses. Luhn alone would refuse one id in ten.
 *
 * A UUID is matched as a whole, and is longer than any card number: otherwise the digits that some begin with would refuse
 * one random key in 40,000, for good.
 */
const candidates =
  /(?<![0-9A-Za-z_])(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9](?:[ -]?[0-9]){12,18})(?![0-9A-Za-z_])/g

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

function isCardNumber(candidate: string): boolean {
  const digits = candidate.replaceAll(/[ -]/g, '')
  const issued = issuers.some(({ prefix, lengths }) => prefix.test(digits) && lengths.includes(digits.length))
  return issued && passesLuhn(digits)
}

/** Whether a text holds something that looks like a card number. */
export function hasCardNumber(text: string): boolean {
  return (text.match(candidates) ?? []).some(isCardNumber)
}

/** The text with card numbers replaced: for texts of Stripe's, which are masked and never refused. */
export function maskCardNumbers(text: string): string {
  return text.replaceAll(candidates, (candidate) => (isCardNumber(candidate) ? '[card number]' : candidate))
}
