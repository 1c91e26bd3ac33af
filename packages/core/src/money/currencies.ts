/**
 * Stripe's own currency table (docs.stripe.com/currencies), which is not ISO 4217's: it decides how an amount is sent.
 * UGX and ISK have no minor unit in daily life, yet Stripe counts them in hundredths that must be whole units.
 */
export interface CurrencyRule {
  /** Digits after the decimal point in Stripe's smallest unit. */
  readonly exponent: 0 | 2 | 3
  /** An amount must be a multiple of this. */
  readonly multiple: 1 | 10 | 100
  /** Stripe's smallest charge where it publishes one, in the smallest unit. */
  readonly minimum: number
  /** Stripe's largest charge, in the smallest unit. */
  readonly maximum: number
}

const EIGHT_DIGITS = 99_999_999

const zeroDecimal = 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' ')
const threeDecimal = 'BHD JOD KWD OMR TND'.split(' ')
const wholeHundreds = 'ISK UGX'.split(' ')
const twoDecimal = (
  'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC ' +
  'CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD ' +
  'KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP ' +
  'PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS ' +
  'WST XCD XCG YER ZAR ZMW'
).split(' ')

const minimums: Readonly<Record<string, number>> = {
  ...Object.fromEntries('USD AUD BRL CAD CHF EUR INR NZD SGD'.split(' ').map((code) => [code, 50])),
  ...{ AED: 200, BGN: 100, CZK: 1500, DKK: 250, GBP: 30, HKD: 400, HUF: 17_500, JPY: 50, MXN: 1000 },
  ...{ MYR: 200, NOK: 300, PLN: 200, RON: 200, SEK: 300, THB: 1000 },
}

// Card payments may be higher than eight digits in LBP, COP, HUF and JPY; Stripe publishes no figure, so it decides there.
const maximums: Readonly<Record<string, number>> = {
  INR: 999_999_999,
  IDR: 999_999_999_999,
  ...Object.fromEntries('LBP COP HUF JPY'.split(' ').map((code) => [code, 999_999_999_999])),
}

const rule = (code: string, exponent: 0 | 2 | 3, multiple: 1 | 10 | 100): [string, CurrencyRule] => [
  code,
  { exponent, multiple, minimum: minimums[code] ?? 1, maximum: maximums[code] ?? EIGHT_DIGITS },
]

/** Every currency that Stripe charges in, by upper-case ISO code. */
export const currencies: ReadonlyMap<string, CurrencyRule> = new Map([
  ...zeroDecimal.map((code) => rule(code, 0, 1)),
  ...twoDecimal.map((code) => rule(code, 2, 1)),
  ...wholeHundreds.map((code) => rule(code, 2, 100)),
  ...threeDecimal.map((code) => rule(code, 3, 10)),
])
