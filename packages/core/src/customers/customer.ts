import type { Group, Observed, Sighting } from '../observations/join.ts'
import type { Identity, Observation } from '../observations/observation.ts'
import type { Timestamp } from '../time.ts'

/** A row of `customers`: links a gateway customer to a user. Its id is the gateway's. */
export interface CustomerRow extends Observed {
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  /** Null for customers made elsewhere that nobody linked to a user. */
  readonly userId: string | null
  /** The one that new payments of the user go to; at most one per user. Never true once deleted. */
  readonly isPrimary: boolean
  readonly deleted: boolean
  /** Stripe's id of the method that invoices are paid with. */
  readonly defaultMethod: string | null
}

const customerFields = ['deleted', 'defaultMethod'] as const satisfies readonly (keyof CustomerRow)[]

export type CustomerFacts = Pick<CustomerRow, (typeof customerFields)[number]>

export const customerGroup: Group<CustomerRow, (typeof customerFields)[number]> = {
  name: 'customer',
  fields: customerFields,
  rank: ({ deleted }) => (deleted ? 1 : 0),
}

export interface CustomerObservation extends Identity {
  readonly object: 'customer'
  readonly userId: string | null
  readonly customer: Sighting<CustomerFacts>
}

/** Whether an observation tells that a customer is no more. */
export const isDeletedCustomer = (observation: Observation): boolean =>
  observation.object === 'customer' && observation.customer.facts.deleted
