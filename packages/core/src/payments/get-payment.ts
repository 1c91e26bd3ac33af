import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { parseInput } from '../input/parse-input.ts'
import { one } from '../ports/storage.ts'
import { type Payment, paymentId, toPayment } from './payment.ts'

/** Reads a payment; `Payments.get` says what is promised. */
export async function getPayment({ storage }: Pick<Deps, 'storage'>, id: string, actor: Actor): Promise<Payment> {
  const key = keyOf('payment', parseInput(paymentId, id))
  const { payment } = await storage.load({
    payment: one('transactions', { ...key, ...scopeOf(actor, 'payments:read') }),
  })
  if (!payment) throw new InvalidError('payment_not_found', `no payment ${id}`)
  return toPayment(payment, { withSecret: payment.userId === actor.id })
}
