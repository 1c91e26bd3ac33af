import { z } from 'zod'
import { mayActFor } from '../actor.ts'
import type { CustomerRow } from '../customers/customer.ts'
import { customerFor } from '../customers/ensure-customer.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { userId } from '../input/fields.ts'
import { keyOf } from '../input/object-ids.ts'
import { findRow, type RowSet } from '../observations/row-set.ts'
import { leaseOn } from '../operations/lease.ts'
import type { OperationRow } from '../operations/operation.ts'
import { perform } from '../operations/perform.ts'
import { rejectionError } from '../operations/rejection.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import type { Rejection } from '../ports/gateway.ts'
import { type FindOne, many, one } from '../ports/storage.ts'
import { type PaymentMethod, type PaymentMethodRow, paymentMethodId, toPaymentMethod } from './payment-method.ts'
import { declined } from './usable-method.ts'

/** What `paymentMethods.attach` takes. */
export interface AttachPaymentMethod {
  /** Your own id of whose it becomes. Letters, digits and `. _ : @ -`; one that is new becomes a customer at Stripe. */
  readonly userId: string
  /** Stripe's `pm_…`, as Stripe.js made it, or Florin's `method_…`. A card number is never taken. */
  readonly paymentMethod: string
  /** Makes it the user's default, as `setDefault` does. `false` where absent. */
  readonly setDefault?: boolean | undefined
}

export const attachPaymentMethodInput = z.strictObject({
  userId,
  paymentMethod: paymentMethodId,
  setDefault: z.boolean().default(false),
})

/** As data, so that recovery can go on with it. */
export const attachPaymentMethodUseCase: UseCase<
  z.output<typeof attachPaymentMethodInput>,
  { customer: FindOne<'customers'>; method: FindOne<'payment_methods'> },
  PaymentMethod
> = {
  kind: 'payment_method.attach',
  input: attachPaymentMethodInput,
  lease: ({ userId }) => leaseOn('customer', userId),
  authorize: (input, actor) => mayActFor(actor, 'payment-methods:write', input.userId),
  read: ({ userId, paymentMethod }) => ({
    customer: one('customers', { userId, isPrimary: true }),
    method: one('payment_methods', keyOf('payment_method', paymentMethod)),
  }),
  intend({ customer, method }, { userId, paymentMethod, setDefault }) {
    // One that Stripe alone knows has an id of Stripe's, and Stripe will say whether it may be attached.
    if (method ? method.userId !== userId : paymentMethod.startsWith('method_')) {
      throw new InvalidError('payment_method_not_found', `no payment method ${paymentMethod}`)
    }
    if (!customer) return { needs: customerFor(userId) }
    const intent = { userId, changes: [], lease: leaseOn('customer', userId) }
    if (method?.status === 'attached' && method.customerId === customer.id) {
      // Which one is the default, Stripe alone knows for certain.
      if (setDefault) return { ...intent, objectId: method.id, step: defaultStep(method, customer) }
      return { ...intent, done: toPaymentMethod(method, customer.defaultMethod) }
    }
    return {
      ...intent,
      objectId: null,
      step: {
        name: 'attach',
        call: {
          do: 'payment_method.attach',
          paymentMethod: method?.gatewayId ?? paymentMethod,
          customer: customer.id,
        },
      },
    }
  },
  reread: ({ objectId, userId, steps }) => ({
    customers: many('customers', { userId }),
    method: one('payment_methods', objectId === null ? { gatewayId: steps[0]?.objectId ?? '' } : { id: objectId }),
  }),
  settle({ answer, step, rows, operation, input }) {
    if (answer.outcome === 'declined') return { rows, refused: declined(answer.decline) }
    const method = attachedMethod(rows, operation, step === 'attach' ? answer.objectId : null)
    // None where it was deleted meanwhile, and the method with it.
    const customer = findRow(rows, 'customers', (row) => row.id === method?.customerId && !row.deleted)
    const so = step === 'attach' || customer?.defaultMethod === method?.gatewayId
    if (!method || customer?.userId !== input.userId || (answer.outcome === 'rejected' && !so)) {
      const { rejection } = answer.outcome === 'rejected' ? answer : { rejection: UNSEEN }
      return { rows, refused: rejectionError(rejection, 'payment_method_unusable') }
    }
    if (step === 'attach' && input.setDefault) return { rows, step: defaultStep(method, customer) }
    return { rows, done: toPaymentMethod(method, customer.defaultMethod), objectId: method.id }
  },
}

/** Attaches a payment method; `PaymentMethods.attach` says what is promised. */
export function attachPaymentMethod(
  deps: Deps,
  input: AttachPaymentMethod,
  caller: Caller,
): Promise<Performed<PaymentMethod>> {
  return perform(deps, attachPaymentMethodUseCase, input, caller)
}

const defaultStep = ({ gatewayId: paymentMethod }: PaymentMethodRow, { id: customer }: CustomerRow) =>
  ({ name: 'set_default', call: { do: 'customer.set_default_method', customer, paymentMethod } }) as const

/** The method that is attached. Where no answer named it, it is the one that was sent, and no test id. */
function attachedMethod(
  rows: RowSet,
  { objectId, steps }: OperationRow,
  answered: string | null,
): PaymentMethodRow | undefined {
  const [attach] = steps
  const gatewayId = answered ?? attach?.objectId ?? attach?.call.subject
  return findRow(rows, 'payment_methods', (row) =>
    objectId === null ? row.gatewayId === gatewayId : row.id === objectId,
  )
}

const UNSEEN: Rejection = { code: null, param: 'payment_method', message: 'the answer does not show the method' }
