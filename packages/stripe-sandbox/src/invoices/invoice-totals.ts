import { couponOf, discounts, type StoredCoupon } from '../coupons/coupon.ts'
import type { Context } from '../engine/context.ts'
import type { StoredInvoice, StoredLine } from './invoice.ts'

/** A discount that applies to an invoice. */
interface Reduction {
  readonly discount: string
  readonly coupon: StoredCoupon
}

/** The sums of an invoice and its lines with their shares of the discounts. */
export interface InvoiceTotals {
  readonly lines: readonly StoredLine[]
  readonly sums: Pick<
    StoredInvoice,
    'subtotal' | 'subtotal_excluding_tax' | 'total' | 'total_excluding_tax' | 'total_discount_amounts'
  >
}

/** Adds up the lines. Percentages are taken of each line; a fixed sum is spread over the lines by their weight. */
export function totalsOf(context: Context, lines: readonly StoredLine[], applied: readonly string[]): InvoiceTotals {
  const reductions = applied.flatMap((id) => reductionOf(context, id))
  let open = lines.map((line) => ({ line, left: line.discountable ? Math.max(line.amount, 0) : 0 }))
  const shares = new Map<string, { discount: string; amount: number }[]>()
  for (const { discount, coupon } of reductions) {
    const amounts =
      coupon.percent_off === null ? spread(open, coupon.amount_off ?? 0) : percent(open, coupon.percent_off)
    open = open.map(({ line, left }, index) => ({ line, left: left - (amounts[index] ?? 0) }))
    for (const [index, { line }] of open.entries()) {
      if (!line.discountable) continue
      shares.set(line.id, [...(shares.get(line.id) ?? []), { discount, amount: amounts[index] ?? 0 }])
    }
  }
  const priced = lines.map((line) => ({ ...line, discount_amounts: shares.get(line.id) ?? [] }))
  const subtotal = lines.reduce((sum, line) => sum + line.amount, 0)
  const totals = reductions.map(({ discount }) => ({
    discount,
    amount: [...shares.values()]
      .flat()
      .reduce((sum, share) => sum + (share.discount === discount ? share.amount : 0), 0),
  }))
  const total = subtotal - totals.reduce((sum, { amount }) => sum + amount, 0)
  return {
    lines: priced,
    sums: {
      subtotal,
      subtotal_excluding_tax: subtotal,
      total,
      total_excluding_tax: total,
      total_discount_amounts: totals,
    },
  }
}

function reductionOf(context: Context, id: string): Reduction[] {
  const discount = context.store.find(discounts, id)
  const coupon = discount && couponOf(context, discount)
  return coupon === undefined ? [] : [{ discount: id, coupon }]
}

type Open = readonly { readonly left: number }[]

/** `percent_off` has at most two decimals, so hundredths of a percent are whole numbers. */
const percent = (open: Open, off: number): number[] =>
  open.map(({ left }) => Math.floor((left * Math.round(off * 100) + 5000) / 10_000))

/** The last line takes what rounding leaves, so that the shares add up to the sum. */
function spread(open: Open, off: number): number[] {
  const whole = open.reduce((sum, { left }) => sum + left, 0)
  const sum = Math.min(off, whole)
  let weight = 0
  let given = 0
  return open.map(({ left }) => {
    weight += left
    const upTo = whole === 0 ? 0 : Math.floor((sum * weight) / whole)
    const share = upTo - given
    given = upTo
    return share
  })
}
