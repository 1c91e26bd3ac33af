import { z } from 'zod'
import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { parseInput } from '../input/parse-input.ts'
import { type Page, type PageInput, pageInput, pageQuery, toPage } from '../page.ts'
import { ofPayment, paymentId } from '../payments/payment.ts'
import { one, page } from '../ports/storage.ts'
import { type Refund, toRefund } from './refund.ts'

/** What `refunds.list` takes. */
export interface ListRefunds extends PageInput {
  /** The payment: Florin's `tx_…` or Stripe's `pi_…`. */
  readonly transactionId: string
}

export const listRefundsInput = z.strictObject({ transactionId: paymentId, ...pageInput })

/** Lists the refunds of a payment; `Refunds.list` says what is promised. */
export async function listRefunds(
  { storage }: Pick<Deps, 'storage'>,
  input: ListRefunds,
  actor: Actor,
): Promise<Page<Refund>> {
  const { transactionId, ...place } = parseInput(listRefundsInput, input)
  const scope = scopeOf(actor, 'refunds:read')
  const { payment, refunds } = await storage.load({
    payment: one('transactions', { ...keyOf('payment', transactionId), ...scope }),
    refunds: page('refunds', ofPayment(transactionId), pageQuery(place)),
  })
  if (!payment) throw new InvalidError('payment_not_found', `no payment ${transactionId}`)
  return toPage(refunds, place.limit, toRefund)
}
