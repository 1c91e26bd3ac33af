import { invalidParam } from '../engine/stripe-failure.ts'

const currencies = new Set(
  `usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny
  cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod
  jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio
  nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd
  top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw`.split(/\s+/),
)

const zeroDecimal = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '))
const threeDecimal = new Set('bhd jod kwd omr tnd'.split(' '))
/** Counted with two decimals that must be 00. */
const wholeOnly = new Set(['ugx', 'isk'])

const minima: Readonly<Record<string, number>> = {
  ...Object.fromEntries('usd aud brl cad chf eur inr nzd sgd'.split(' ').map((currency) => [currency, 50])),
  aed: 200,
  bgn: 100,
  czk: 1500,
  dkk: 250,
  gbp: 30,
  hkd: 400,
  huf: 17_500,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  pln: 200,
  ron: 200,
  sek: 300,
  thb: 1000,
}

const maxima: Readonly<Record<string, number>> = {
  inr: 999_999_999,
  idr: 999_999_999_999,
  lbp: 999_999_999_999,
  cop: 9_999_999_999,
  huf: 9_999_999_999,
  jpy: 9_999_999_999,
}

/** Reads a currency into lower case, or refuses it. */
export function checkCurrency(currency: string, param = 'currency'): string {
  const lower = currency.toLowerCase()
  if (currencies.has(lower)) return lower
  throw invalidParam(
    `Invalid currency: ${lower}. Stripe currently supports these currencies: ${[...currencies].join(', ')}`,
    param,
  )
}

/** Checks that a sum can be charged in its currency. */
export function checkAmount(amount: number, currency: string, param = 'amount'): void {
  const least = minima[currency] ?? 1
  if (amount < least) {
    throw invalidParam(
      `Amount must be at least ${formatAmount(least, currency)} ${currency}`,
      param,
      'amount_too_small',
    )
  }
  const most = maxima[currency] ?? 99_999_999
  if (amount > most) {
    throw invalidParam(`Amount must be no more than ${formatAmount(most, currency)}`, param, 'amount_too_large')
  }
  checkMultiple(amount, currency, param)
}

/** Checks that a sum can be counted in its currency, as any part of a charge must be. */
export function checkMultiple(amount: number, currency: string, param = 'amount'): void {
  if (threeDecimal.has(currency) && amount % 10 !== 0) {
    throw invalidParam(`Invalid amount: must be divisible by 10 in ${currency}`, param, 'parameter_invalid_integer')
  }
  if (wholeOnly.has(currency) && amount % 100 !== 0) {
    throw invalidParam(`Invalid amount: must be divisible by 100 in ${currency}`, param, 'parameter_invalid_integer')
  }
}

const symbols: Readonly<Record<string, string>> = { usd: '$', eur: '€', gbp: '£', jpy: '¥' }

/** A sum as Stripe's messages write it, e.g. `$25.00`. */
export function formatAmount(amount: number, currency: string): string {
  const digits = zeroDecimal.has(currency) ? 0 : threeDecimal.has(currency) ? 3 : 2
  const text = (amount / 10 ** digits).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  const symbol = symbols[currency]
  return symbol === undefined ? `${text} ${currency.toUpperCase()}` : `${symbol}${text}`
}
