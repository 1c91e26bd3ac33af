import { z } from 'zod'
import { florin } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { DefectError, isFlorinError } from '../errors.ts'
import { userId } from '../input/fields.ts'
import { findRow } from '../observations/row-set.ts'
import { NEVER_REACHED } from '../operations/call-gateway.ts'
import { perform } from '../operations/perform.ts'
import { rejectionError } from '../operations/rejection.ts'
import type { Caller, UseCase } from '../operations/use-case.ts'
import { type FindMany, many } from '../ports/storage.ts'

const createCustomerInput = z.strictObject({ userId, generation: z.int().nonnegative() })

/** As data, so that recovery can go on with it. */
export const createCustomerUseCase: UseCase<
  z.output<typeof createCustomerInput>,
  { customers: FindMany<'customers'> },
  string
> = {
  kind: 'customer.create',
  input: createCustomerInput,
  authorize: () => undefined,
  read: ({ userId }) => ({ customers: many('customers', { userId }) }),
  intend({ customers }, { userId }, { operationId }) {
    const primary = customers.find((customer) => customer.isPrimary)
    if (primary) return { done: primary.id }
    const tag = { florinId: userId, operationId, userId }
    return { objectId: null, userId, changes: [], step: { name: 'create', call: { do: 'customer.create', tag } } }
  },
  reread: ({ userId }) => ({ customers: many('customers', { userId }) }),
  settle({ rows, answer, operation }) {
    if (answer.outcome === 'rejected') return { rows, refused: rejectionError(answer.rejection, 'gateway_refused') }
    const customer = findRow(rows, 'customers', ({ id }) => id === answer.objectId)
    if (!customer) throw new DefectError(`operation ${operation.id} made a customer that the answer does not show`)
    return { rows, done: customer.id, objectId: customer.id }
  },
}

/**
 * Makes sure that a user has a customer at the gateway. At first need, by operation, never by search or e-mail: those
 * hand one person another's cards. Requests that race for it make one.
 */
export const customerFor = (userId: string) => async (deps: Deps, caller: Caller) => {
  const { customers } = await deps.storage.load({ customers: many('customers', { userId }) })
  if (customers.some((customer) => customer.isPrimary)) return
  const generation = customers.length
  // Racing requests share one operation, and a user whose customer was deleted at the gateway gets a new one, once.
  const own = { actor: florin, idempotencyKey: `${userId}#${generation}`, requestId: caller.requestId }
  try {
    await perform(deps, createCustomerUseCase, { userId, generation }, own)
  } catch (error) {
    // Another request is at it, or an old one was called off: the caller reads again, and finds the customer or comes back.
    if (!isFlorinError(error)) throw error
    if (error.code !== 'operation_in_progress' && error.details.gatewayCode !== NEVER_REACHED) throw error
    await deps.runtime.wait(25)
  }
}
