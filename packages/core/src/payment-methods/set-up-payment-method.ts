import { z } from 'zod'
import { mayActFor } from '../actor.ts'
import { customerFor } from '../customers/ensure-customer.ts'
import type { Deps } from '../deps.ts'
import { must } from '../errors.ts'
import { userId } from '../input/fields.ts'
import { perform } from '../operations/perform.ts'
import { rejectionError } from '../operations/rejection.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import { type FindOne, one } from '../ports/storage.ts'
import type { SetupIntent } from './setup-intent.ts'

/** What `paymentMethods.setUp` takes. */
export interface SetUpPaymentMethod {
  /** Your own id of whose it becomes. Letters, digits and `. _ : @ -`; one that is new becomes a customer at Stripe. */
  readonly userId: string
}

export const setUpPaymentMethodInput = z.strictObject({ userId })

/** As data, so that recovery can go on with it. */
export const setUpPaymentMethodUseCase: UseCase<
  z.output<typeof setUpPaymentMethodInput>,
  { customer: FindOne<'customers'> },
  SetupIntent
> = {
  kind: 'payment_method.set_up',
  input: setUpPaymentMethodInput,
  authorize: (input, actor) => mayActFor(actor, 'payment-methods:write', input.userId),
  read: ({ userId }) => ({ customer: one('customers', { userId, isPrimary: true }) }),
  intend({ customer }, { userId }, { operationId }) {
    if (!customer) return { needs: customerFor(userId) }
    const tag = { florinId: operationId, operationId, userId }
    const call = { do: 'setup.create', tag, customer: customer.id } as const
    return { objectId: null, userId, changes: [], step: { name: 'create', call } }
  },
  reread: () => ({}),
  settle({ answer, rows, input }) {
    if (answer.outcome === 'rejected') return { rows, refused: rejectionError(answer.rejection, 'gateway_refused') }
    const id = must(answer.objectId, 'the id of a setup intent')
    const status = answer.outcome === 'accepted' ? (answer.status ?? 'unknown') : 'requires_payment_method'
    const clientSecret = must(
      answer.outcome === 'accepted' ? answer.clientSecret : null,
      'the client secret of a setup intent',
    )
    return { rows, done: { id, object: 'setup_intent', userId: input.userId, status, clientSecret }, objectId: id }
  },
}

/** Begins to collect a card; `PaymentMethods.setUp` says what is promised. */
export function setUpPaymentMethod(
  deps: Deps,
  input: SetUpPaymentMethod,
  caller: Caller,
): Promise<Performed<SetupIntent>> {
  return perform(deps, setUpPaymentMethodUseCase, input, caller)
}
