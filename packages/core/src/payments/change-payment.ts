import { type Actor, type Permission, scopeOf } from '../actor.ts'
import { InvalidError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { leaseOn } from '../operations/lease.ts'
import type { OperationRow } from '../operations/operation.ts'
import type { Decision } from '../operations/use-case.ts'
import type { GatewayCall } from '../ports/gateway.ts'
import { many, one } from '../ports/storage.ts'
import type { Payment, PaymentRow } from './payment.ts'

/** What confirm, capture and cancel have in common: they read one payment that the actor may change, and lease it. */
export const changeOf = (permission: Permission) => ({
  target: ({ id }: { id: string }) => id,
  lease: ({ id }: { id: string }) => leaseOn('payment', id),
  authorize: (_: unknown, actor: Actor) => void scopeOf(actor, permission),
  read: ({ id }: { id: string }, actor: Actor) => ({
    payment: one('transactions', { ...keyOf('payment', id), ...scopeOf(actor, permission) }),
  }),
  // A look at the payment also shows its refunds, one among them that was asked for here and has no answer yet.
  reread: ({ objectId }: OperationRow) => ({
    payment: one('transactions', { id: objectId ?? '' }),
    refunds: many('refunds', { paymentId: objectId }),
  }),
})

/** @throws `invalid` payment_not_found */
export function found(payment: PaymentRow | undefined, id: string): PaymentRow {
  if (!payment) throw new InvalidError('payment_not_found', `no payment ${id}`)
  return payment
}

/** The decision to make one call on a payment. */
export function callOn(
  { id, userId }: PaymentRow,
  name: string,
  call: GatewayCall,
): Extract<Decision<Payment>, { step: unknown }> {
  return { objectId: id, userId, changes: [], lease: leaseOn('payment', id), step: { name, call } }
}
