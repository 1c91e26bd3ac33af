import type { Json } from '../json.ts'
import { sealedColumns, type TableName } from '../ports/tables.ts'

/** The table whose row a view shows, by the view's `object`. What is sealed in the row has the same name in the view. */
const tableOf: Readonly<Record<string, TableName>> = {
  payment: 'transactions',
  payment_method: 'payment_methods',
  subscription: 'subscriptions',
  invoice: 'invoices',
  refund: 'refunds',
  dispute: 'disputes',
}

/** What an event tells of an erased user: ids, states and sums, with nothing in the place of all that is sealed. */
export function withoutPersonal(data: Json): Json {
  const table = typeof data === 'object' && data !== null && 'object' in data ? tableOf[String(data.object)] : undefined
  // A kind that is not known here may hold anything.
  if (table === undefined) return null
  const blanks = Object.entries<Json>(sealedColumns[table]).filter(([column]) => column in Object(data))
  return { ...Object(data), ...Object.fromEntries(blanks) }
}
