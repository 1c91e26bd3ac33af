import type { ObjectRef } from '../ports/gateway.ts'
import { type FindOne, one } from '../ports/storage.ts'
import type { StoredTables, Tables } from '../ports/tables.ts'
import type { Identity } from './observation.ts'
import { findRow, type RowSet } from './row-set.ts'

/** A kind of gateway object that Florin keeps. */
export type Kind = ObjectRef['object']

/** Where each kind is kept, in the order of who needs whom: customers tell whose everything else is. */
export const tableOf = {
  customer: 'customers',
  payment_method: 'payment_methods',
  payment: 'transactions',
  refund: 'refunds',
  subscription: 'subscriptions',
  invoice: 'invoices',
  dispute: 'disputes',
} as const satisfies Record<Kind, keyof Tables>

export type ObjectTable = (typeof tableOf)[Kind]
export type ObjectRow = Tables[ObjectTable]

export const kinds = Object.keys(tableOf) as readonly Kind[] // its type says that it names every kind once

/** The gateway's id of a row; null where the gateway has not made the object yet. */
export const gatewayIdOf = (row: ObjectRow | StoredTables[ObjectTable]): string | null =>
  'gatewayId' in row ? row.gatewayId : row.id

/** The row of an object: the one that has its id, or else the one of ours that waits for the answer in which it was made. */
export const rowOf = <T extends ObjectTable>(
  rows: RowSet,
  table: T,
  { gatewayId, florinId }: Pick<Identity, 'gatewayId' | 'florinId'>,
): Tables[T] | undefined =>
  findRow(rows, table, (row) => gatewayIdOf(row) === gatewayId) ??
  findRow(rows, table, (row) => gatewayIdOf(row) === null && row.id === florinId)

/** How each kind's row is found by the gateway's id. */
export const findObject: { readonly [K in Kind]: (gatewayId: string) => FindOne<(typeof tableOf)[K]> } = {
  customer: (id) => one('customers', { id }),
  payment_method: (gatewayId) => one('payment_methods', { gatewayId }),
  payment: (gatewayId) => one('transactions', { gatewayId }),
  refund: (gatewayId) => one('refunds', { gatewayId }),
  subscription: (gatewayId) => one('subscriptions', { gatewayId }),
  invoice: (gatewayId) => one('invoices', { gatewayId }),
  dispute: (gatewayId) => one('disputes', { gatewayId }),
}
