import { InvalidError, RefusedError } from '../errors.ts'
import { isOurs } from '../input/object-ids.ts'
import { leaseOn } from '../operations/lease.ts'
import type { Decline } from '../ports/gateway.ts'
import type { PaymentMethodRow } from './payment-method.ts'

/**
 * The gateway's id of a method that a caller named by either id. One that the gateway alone knows is left to it.
 *
 * @throws `invalid` payment_method_not_found for another user's · `refused` payment_method_unusable when it is detached
 */
export function usableMethod(id: string, method: PaymentMethodRow | undefined, userId: string): string {
  if (!method && !isOurs('payment_method', id)) return id
  if (!method || (method.userId !== null && method.userId !== userId)) {
    throw new InvalidError('payment_method_not_found', `no payment method ${id}`)
  }
  if (method.status === 'detached') throw methodRemoved()
  return method.gatewayId
}

/**
 * The customer to charge a method on: the one that it is attached to, where that is the user's own. A user may have several
 * at the gateway, which charges a method on no other.
 */
export const ownerOf = (method: PaymentMethodRow | undefined, userId: string): string | undefined =>
  (method?.userId === userId && method.customerId) || undefined

/** The refusal of a method that is attached to nobody any more. */
export const methodRemoved = (): RefusedError =>
  new RefusedError('payment_method_unusable', 'this payment method was removed and cannot be used again')

/** The refusal of a card that did not pass the check of attaching. */
export function declined({ code, declineCode, message }: Decline): RefusedError {
  return new RefusedError('payment_method_declined', message ?? 'the card was declined', {
    gatewayCode: code,
    ...(declineCode !== null && { declineCode }),
  })
}

/** Calls on a method are calls on its customer: Stripe locks that. */
export const methodLease = (method: PaymentMethodRow): string =>
  leaseOn('customer', method.userId ?? method.customerId ?? method.id)
