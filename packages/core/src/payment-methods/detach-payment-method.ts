import { z } from 'zod'
import { scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { findRow, putRow } from '../observations/row-set.ts'
import { perform } from '../operations/perform.ts'
import { rejectionError } from '../operations/rejection.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import { type FindMany, type FindOne, many, one } from '../ports/storage.ts'
import { type PaymentMethodRow, paymentMethodId } from './payment-method.ts'
import { methodLease } from './usable-method.ts'

/** What `paymentMethods.detach` takes. */
export interface DetachPaymentMethod {
  /** Stripe's `pm_…` or Florin's `method_…`. */
  readonly id: string
}

export const detachPaymentMethodInput = z.strictObject({ id: paymentMethodId })

/** As data, so that recovery can go on with it. */
export const detachPaymentMethodUseCase: UseCase<
  z.output<typeof detachPaymentMethodInput>,
  { method: FindOne<'payment_methods'>; customers?: FindMany<'customers'> },
  null
> = {
  kind: 'payment_method.detach',
  afterErasure: true,
  input: detachPaymentMethodInput,
  target: ({ id }) => id,
  authorize: (_, actor) => void scopeOf(actor, 'payment-methods:write'),
  read: ({ id }, actor) => ({
    method: one('payment_methods', { ...keyOf('payment_method', id), ...scopeOf(actor, 'payment-methods:write') }),
  }),
  intend(loaded, { id }) {
    const { method } = loaded
    if (!method) throw new InvalidError('payment_method_not_found', `no payment method ${id}`)
    if (method.status === 'detached') return { done: null }
    // Whose it is was only known now.
    if (!('customers' in loaded)) return { read: { customers: ownersOf(method) } }
    return {
      objectId: method.id,
      userId: method.userId,
      changes: [],
      lease: methodLease(method),
      step: { name: 'detach', call: { do: 'payment_method.detach', paymentMethod: method.gatewayId } },
    }
  },
  reread: ({ objectId, userId }) => ({
    method: one('payment_methods', { id: objectId ?? '' }),
    customers: ownersOf({ userId }),
  }),
  settle({ answer, rows, operation, now }) {
    const method = findRow(rows, 'payment_methods', ({ id }) => id === operation.objectId)
    // Refused because it is detached already: by an earlier send of this very call, or elsewhere.
    if (answer.outcome !== 'rejected' || method?.status === 'detached') {
      const wasDefault = findRow(rows, 'customers', (row) => row.defaultMethod === method?.gatewayId && !row.deleted)
      // Stripe takes it from its customer, of which not every endpoint is told: the refresher reads it.
      return { rows: wasDefault ? putRow(rows, 'customers', { ...wasDefault, dueAt: now }) : rows, done: null }
    }
    return { rows, refused: rejectionError(answer.rejection, 'payment_method_unusable') }
  },
}

/** Removes a payment method; `PaymentMethods.detach` says what is promised. */
export function detachPaymentMethod(deps: Deps, input: DetachPaymentMethod, caller: Caller): Promise<Performed<null>> {
  return perform(deps, detachPaymentMethodUseCase, input, caller)
}

const ownersOf = ({ userId }: Pick<PaymentMethodRow, 'userId'>) => many('customers', { userId: userId ?? '' })
