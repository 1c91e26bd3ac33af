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
    { why: 'behind a colon', text: 'card:4000056655665556' },
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
  ])('passes $why', ({ text }) => {
    expect(hasCardNumber(text)).toBe(false)
    expect(maskCardNumbers(text)).toBe(text)
  })
})
