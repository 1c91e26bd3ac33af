import { z } from 'zod'
import { scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { findRow } from '../observations/row-set.ts'
import { perform } from '../operations/perform.ts'
import { rejectionError } from '../operations/rejection.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import { type FindOne, one } from '../ports/storage.ts'
import { paymentMethodId, paymentMethodKey } from './payment-method.ts'
import { methodLease } from './usable-method.ts'

const detachPaymentMethodInput = z.strictObject({ id: paymentMethodId })

export type DetachPaymentMethod = z.input<typeof detachPaymentMethodInput>

/** As data, so that recovery can go on with it. */
export const detachPaymentMethodUseCase: UseCase<
  z.output<typeof detachPaymentMethodInput>,
  { method: FindOne<'payment_methods'> },
  null
> = {
  kind: 'payment_method.detach',
  afterErasure: true,
  input: detachPaymentMethodInput,
  target: ({ id }) => id,
  authorize: (_, actor) => void scopeOf(actor, 'payment-methods:write'),
  read: ({ id }, actor) => ({
    method: one('payment_methods', { ...paymentMethodKey(id), ...scopeOf(actor, 'payment-methods:write') }),
  }),
  intend({ method }, { id }) {
    if (!method) throw new InvalidError('payment_method_not_found', `no payment method ${id}`)
    if (method.status === 'detached') return { done: null }
    return {
      objectId: method.id,
      userId: method.userId,
      changes: [],
      lease: methodLease(method),
      step: { name: 'detach', call: { do: 'payment_method.detach', paymentMethod: method.gatewayId } },
    }
  },
  reread: ({ objectId }) => ({ method: one('payment_methods', { id: objectId ?? '' }) }),
  settle({ answer, rows, operation }) {
    const method = findRow(rows, 'payment_methods', ({ id }) => id === operation.objectId)
    // Refused because it is detached already: by an earlier send of this very call, or elsewhere.
    if (answer.outcome !== 'rejected' || method?.status === 'detached') return { rows, done: null }
    return { rows, refused: rejectionError(answer.rejection, 'payment_method_unusable') }
  },
}

/** Removes a payment method; `PaymentMethods.detach` says what is promised. */
export function detachPaymentMethod(deps: Deps, input: DetachPaymentMethod, caller: Caller): Promise<Performed<null>> {
  return perform(deps, detachPaymentMethodUseCase, input, caller)
}
