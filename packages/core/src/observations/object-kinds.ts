import type { IdPrefix } from '../ids.ts'
import type { ObjectRef } from '../ports/gateway.ts'
import type { Tables } from '../ports/storage.ts'

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

/** The prefix of the ids that Florin gives; customers keep the gateway's. */
export const prefixOf: { readonly [K in Kind]: IdPrefix | undefined } = {
  customer: undefined,
  payment_method: 'method',
  payment: 'tx',
  refund: 'refund',
  subscription: 'subscription',
  invoice: 'invoice',
  dispute: 'dispute',
}

/** The gateway's id of a row; null where the gateway has not made the object yet. */
export const gatewayIdOf = (row: ObjectRow): string | null => ('gatewayId' in row ? row.gatewayId : row.id)
