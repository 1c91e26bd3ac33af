import { z } from 'zod'
import { userId } from '../input/fields.ts'
import { findRow, putRow } from '../observations/row-set.ts'
import { leaseOn } from '../operations/lease.ts'
import { rejectionError } from '../operations/rejection.ts'
import type { UseCase } from '../operations/use-case.ts'
import { type FindOne, one } from '../ports/storage.ts'

const deleteCustomerInput = z.strictObject({ userId, customerId: z.string() })

/** Deletes a gateway customer for good, which also ends its subscriptions there. As data, so that recovery can go on. */
export const deleteCustomerUseCase: UseCase<
  z.output<typeof deleteCustomerInput>,
  { customer: FindOne<'customers'> },
  string
> = {
  kind: 'customer.delete',
  input: deleteCustomerInput,
  afterErasure: true,
  target: ({ customerId }) => customerId,
  lease: ({ userId }) => leaseOn('customer', userId),
  authorize: () => undefined,
  read: ({ customerId }) => ({ customer: one('customers', { id: customerId }) }),
  intend({ customer }, { userId, customerId }) {
    if (!customer || customer.deleted) return { done: customerId }
    return {
      objectId: customerId,
      userId,
      changes: [],
      lease: leaseOn('customer', userId),
      step: { name: 'delete', call: { do: 'customer.delete', customer: customerId } },
    }
  },
  reread: ({ objectId }) => ({ customer: one('customers', { id: objectId ?? '' }) }),
  settle({ rows, answer, input: { customerId }, now }) {
    const customer = findRow(rows, 'customers', ({ id }) => id === customerId)
    if (answer.outcome !== 'rejected' || !customer || customer.deleted) return { rows, done: customerId }
    if (answer.rejection.code !== 'resource_missing') {
      return { rows, refused: rejectionError(answer.rejection, 'gateway_refused') }
    }
    // The gateway never had it, or has forgotten it altogether.
    const gone = { ...customer, deleted: true, isPrimary: false, updatedAt: now }
    return { rows: putRow(rows, 'customers', gone), done: customerId }
  },
}
