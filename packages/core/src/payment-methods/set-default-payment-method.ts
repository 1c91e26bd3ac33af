import { z } from 'zod'
import { scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { findRow, rowWithId } from '../observations/row-set.ts'
import { perform } from '../operations/perform.ts'
import { rejectionError } from '../operations/rejection.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import { type FindOne, one } from '../ports/storage.ts'
import { type PaymentMethod, paymentMethodId, toPaymentMethod } from './payment-method.ts'
import { methodLease, methodRemoved } from './usable-method.ts'

/** What `paymentMethods.setDefault` takes. */
export interface SetDefaultPaymentMethod {
  /** Stripe's `pm_…` or Florin's `method_…`. */
  readonly id: string
}

export const setDefaultPaymentMethodInput = z.strictObject({ id: paymentMethodId })

type Reading = { method: FindOne<'payment_methods'>; customer?: FindOne<'customers'> }

/** As data, so that recovery can go on with it. */
export const setDefaultPaymentMethodUseCase: UseCase<
  z.output<typeof setDefaultPaymentMethodInput>,
  Reading,
  PaymentMethod
> = {
  kind: 'payment_method.set_default',
  input: setDefaultPaymentMethodInput,
  target: ({ id }) => id,
  authorize: (_, actor) => void scopeOf(actor, 'payment-methods:write'),
  read: ({ id }, actor) => ({
    method: one('payment_methods', { ...keyOf('payment_method', id), ...scopeOf(actor, 'payment-methods:write') }),
  }),
  intend(loaded, { id }) {
    const { method } = loaded
    if (!method) throw new InvalidError('payment_method_not_found', `no payment method ${id}`)
    if (method.status === 'detached' || method.customerId === null) throw methodRemoved()
    const { gatewayId: paymentMethod, customerId: customer } = method
    // Whose it is was only known now; what is known of the customer puts the answer in order with it.
    if (!('customer' in loaded)) return { read: { customer: one('customers', { id: customer }) } }
    if (loaded.customer?.deleted) throw methodRemoved()
    return {
      objectId: method.id,
      userId: method.userId,
      changes: [],
      lease: methodLease(method),
      step: { name: 'set_default', call: { do: 'customer.set_default_method', customer, paymentMethod } },
    }
  },
  reread: ({ objectId }) => ({ method: one('payment_methods', { id: objectId ?? '' }) }),
  settle({ answer, rows, operation }) {
    const method = rowWithId(rows, 'payment_methods', operation.objectId)
    const isDefault = findRow(rows, 'customers', ({ defaultMethod }) => defaultMethod === method.gatewayId)
    if (answer.outcome === 'rejected' && !isDefault) {
      return { rows, refused: rejectionError(answer.rejection, 'payment_method_unusable') }
    }
    return { rows, done: toPaymentMethod(method, method.gatewayId) }
  },
}

/** Makes a method the user's default; `PaymentMethods.setDefault` says what is promised. */
export function setDefaultPaymentMethod(
  deps: Deps,
  input: SetDefaultPaymentMethod,
  caller: Caller,
): Promise<Performed<PaymentMethod>> {
  return perform(deps, setDefaultPaymentMethodUseCase, input, caller)
}
