import { describe, expect, it } from 'vitest'
import { hasCardNumber, maskCardNumbers } from './card-number.ts'

describe('the card-number guard', () => {
  it.each([
    { why: 'Visa', text: '4242424242424242' },
    { why: 'Visa with blanks', text: 'my card is 4242 4242 4242 4242, thanks' },
    { why: 'Visa with hyphens', text: '4242-4242-4242-4242' },
    { why: 'Mastercard', text: '5555555555554444' },
    { why: 'Mastercard of the 2 series', text: '2223003122003222' },
    { why: 'American Express', text: '378282246310005' },
    { why: 'Discover', text: '6011111111111117' },
    { why: 'Diners', text: '30569309025904' },
    { why: 'JCB', text: '3566002020360505' },
    { why: 'UnionPay', text: '6200000000000005' },
    { why: 'after a UUID', text: '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed 4242424242424242' },
    { why: 'behind a colon', text: 'card:4000056655665556' },
    { why: 'before its code', text: '5555555555554444 123' },
    { why: 'before its expiry', text: '4242 4242 4242 4242 12/26 123' },
    { why: 'before an expiry without a slash', text: '4242 4242 4242 4242 1226' },
    { why: 'before another', text: '5555555555554444 4242424242424242' },
    { why: 'behind a number', text: 'order 7 4242 4242 4242 4242' },
    { why: 'behind a number and a hyphen', text: '12-4242424242424242' },
    { why: 'behind a date', text: '2026-11-27 3782 822463 10005' },
    { why: 'with blanks that do not break', text: '4242\u00a04242\u00a04242\u00a04242' },
    { why: 'with tabs', text: '4242\t4242\t4242\t4242' },
    { why: 'with two blanks each', text: '4242  4242  4242  4242' },
    { why: 'with dashes between blanks', text: '4242 – 4242 – 4242 – 4242' },
    { why: 'with points', text: '4242.4242.4242.4242' },
    { why: 'as a URL writes blanks', text: 'https://shop.example/?card=4242+4242+4242+4242' },
    { why: 'in groups of any size', text: '42 42 42 42 42 42 42 42' },
  ])('finds $why', ({ text }) => {
    expect(hasCardNumber(text)).toBe(true)
    expect(maskCardNumbers(text)).not.toMatch(/\d{6}/)
  })

  it.each([
    { why: 'a number that fails Luhn', text: '4242424242424241' },
    { why: 'a time in milliseconds', text: '1763910000000' },
    { why: 'a number without an issuer', text: '9999999999999995' },
    { why: 'a longer run of digits', text: '424242424242424242420' },
    { why: 'a part of an id', text: 'order_4242424242424242' },
    { why: 'a UUID', text: '01939f4e-1d7a-7c3b-8a5e-4b2c6d8e0f12' },
    { why: 'a UUID that begins like a card number', text: '42424242-4242-4242-abfd-1b9d6bcdbbfd' },
    { why: 'a number and such a UUID', text: '12 42424242-4242-4242-abfd-1b9d6bcdbbfd' },
    { why: 'a place on earth', text: '42.424242 42.424242' },
    { why: 'groups of any size among others', text: '1. 42 42 42 42 42 42 42 42 2' },
  ])('passes $why', ({ text }) => {
    expect(hasCardNumber(text)).toBe(false)
    expect(maskCardNumbers(text)).toBe(text)
  })
})

it('takes few ids and times for card numbers', { timeout: 120_000 }, () => {
  const count = 1_000_000
  const counted = (make: (index: number) => string, of = count) => {
    let found = 0
    for (let index = 0; index < of; index += 1) if (hasCardNumber(make(index))) found += 1
    return found
  }
  // Milliseconds since 2010-11-04 over 22 bits of machine and sequence.
  const snowflake = (milliseconds: number, index: number) =>
    String((BigInt(milliseconds - 1_288_834_974_657) << 22n) | BigInt((index * 2_654_435_761) % 4_194_304))
  const found = {
    milliseconds: counted((index) => String(1_700_000_000_000 + index * 97_003)),
    microseconds: counted((index) => String(1_795_000_000_000_000 + index * 97_003)),
    snowflakesOf2026: counted((index) => snowflake(1_795_000_000_000 + index * 61, index)),
    // From 2011 to 2040.
    snowflakesOfAllYears: counted((index) => snowflake(1_293_840_000_000 + index * 946_080, index)),
    times: counted((index) => `2026-11-27 4711-${String(index).padStart(6, '0')} 27.11.2026`, 100_000),
    places: counted((index) => `48.${100_000 + (index % 900_000)} 11.${100_000 + ((index * 7919) % 900_000)}`, 100_000),
    uuids: counted((index) => crypto.randomUUID() + (index % 2 === 0 ? '' : ' ')),
  }
  console.log(`taken for card numbers, of ${count} each (times and places: of 100000):`, found)
  expect(found).toMatchObject({ milliseconds: 0, microseconds: 0, times: 0, places: 0 })
  // In some years all snowflakes begin with an issuer's prefix; one in ten of those passes Luhn.
  expect(found.snowflakesOf2026).toBe(0)
  expect(found.snowflakesOfAllYears).toBeLessThan(count / 20)
  expect(found.uuids).toBe(0)
})

it.each(['4 ', '50 ', '4242 ', '9999-', '4a', '4....', '42424242-4242-4242-'])(
  'is quick on %j, however often',
  (unit) => {
    const started = performance.now()
    maskCardNumbers(unit.repeat(200_000 / unit.length))
    // A tenth of a second; where it grew with the square of the length, half a minute.
    expect(performance.now() - started).toBeLessThan(5000)
  },
)
