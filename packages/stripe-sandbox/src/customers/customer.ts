import type Stripe from 'stripe'
import { defineCollection, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import { resourceMissing } from '../engine/stripe-failure.ts'

/** A customer that exists. */
export type StoredCustomer = Stored<Stripe.Customer>

/** A customer, or the mark that a deleted one leaves. */
export type CustomerRow = StoredCustomer | Stored<Stripe.DeletedCustomer>

export const customers = defineCollection<CustomerRow>('customer')

/** Whether the customer still exists. */
export const isLive = (row: CustomerRow | undefined): row is StoredCustomer => row !== undefined && row.deleted !== true

/** The customer that a parameter names, or 400. A deleted one counts as missing. */
export function liveCustomer(context: Context, id: string, param: string): StoredCustomer {
  const row = context.store.find(customers, id)
  if (isLive(row)) return row
  throw resourceMissing('customer', id, { param })
}

/** The customer in the path, or 404. */
export function liveCustomerInPath(context: Context, id: string, param = 'id'): StoredCustomer {
  const row = context.store.find(customers, id)
  if (isLive(row)) return row
  throw resourceMissing('customer', id, { path: param })
}

/** Replaces fields of a customer, without an event. */
export function updateCustomer(context: Context, id: string, patch: Partial<StoredCustomer>): StoredCustomer {
  const updated: StoredCustomer = { ...liveCustomer(context, id, 'customer'), ...patch }
  context.store.put(customers, updated)
  return updated
}
