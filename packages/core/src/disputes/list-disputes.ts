import { z } from 'zod'
import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { parseInput } from '../input/parse-input.ts'
import { type Page, type PageInput, pageInput, pageQuery, toPage } from '../page.ts'
import { ofPayment, paymentId } from '../payments/payment.ts'
import { one, page } from '../ports/storage.ts'
import { type Dispute, toDispute } from './dispute.ts'

/** What `disputes.list` takes. */
export interface ListDisputes extends PageInput {
  /** The payment: Florin's `tx_…` or Stripe's `pi_…`. */
  readonly transactionId: string
}

export const listDisputesInput = z.strictObject({ transactionId: paymentId, ...pageInput })

/** Lists the disputes of a payment; `Disputes.list` says what is promised. */
export async function listDisputes(
  { storage }: Pick<Deps, 'storage'>,
  input: ListDisputes,
  actor: Actor,
): Promise<Page<Dispute>> {
  const { transactionId, ...place } = parseInput(listDisputesInput, input)
  const scope = scopeOf(actor, 'disputes:read')
  const { payment, disputes } = await storage.load({
    payment: one('transactions', { ...keyOf('payment', transactionId), ...scope }),
    disputes: page('disputes', ofPayment(transactionId), pageQuery(place)),
  })
  if (!payment) throw new InvalidError('payment_not_found', `no payment ${transactionId}`)
  return toPage(disputes, place.limit, toDispute)
}
