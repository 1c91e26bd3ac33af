import { partColumns, type TableName } from '@florin/core'
import { auditColumns } from './audit.ts'
import { bookmarkColumns } from './bookmarks.ts'
import type { Column, Columns } from './column.ts'
import { customerColumns } from './customers.ts'
import { dataKeyColumns } from './data-keys.ts'
import { debtColumns } from './debts.ts'
import { disputeColumns } from './disputes.ts'
import { invoiceColumns } from './invoices.ts'
import { leaseColumns, operationColumns } from './operations.ts'
import { domainEventColumns } from './outbox.ts'
import { paymentMethodColumns } from './payment-methods.ts'
import { paymentColumns } from './payments.ts'
import { refundColumns } from './refunds.ts'
import { subscriptionColumns } from './subscriptions.ts'
import { webhookEventColumns } from './webhook-events.ts'

const declared: { readonly [T in TableName]: Columns<T> } = {
  data_keys: dataKeyColumns,
  operations: operationColumns,
  leases: leaseColumns,
  debts: debtColumns,
  webhook_events: webhookEventColumns,
  customers: customerColumns,
  payment_methods: paymentMethodColumns,
  subscriptions: subscriptionColumns,
  invoices: invoiceColumns,
  transactions: paymentColumns,
  refunds: refundColumns,
  disputes: disputeColumns,
  outbox: domainEventColumns,
  audit_log: auditColumns,
  bookmarks: bookmarkColumns,
}

/** A column with its name on either side. */
export interface NamedColumn {
  readonly property: string
  readonly name: string
  readonly type: Column[1]
}

/** The columns of every table, in the order in which rows travel. */
export const tables = Object.fromEntries(
  Object.entries(declared).map(([table, columns]) => [
    table,
    Object.entries<Column>(columns).map(([property, [name, type]]) => ({ property, name, type })),
  ]),
) as unknown as { readonly [T in TableName]: readonly NamedColumn[] } // its entries are those of `declared`

/**
 * The order in which a commit writes tables: the same for every commit, so that two that overlap wait for each other
 * instead of locking each other out. What racers meet on first (keys, leases, events) comes first, so that the loser
 * has done little.
 */
export const tableOrder = Object.keys(declared) as readonly TableName[] // its type says that it names every table once

/** The columns that find a row where it lies: its id and, in a partitioned table, what it is partitioned by. */
export const keyColumns = (table: TableName): readonly NamedColumn[] => {
  const parts: Readonly<Record<string, string>> = partColumns
  return tables[table].filter(({ property }) => property === 'id' || property === parts[table])
}

/** Whether a row may lie in several parts of a table. */
export const isPartitioned = (table: TableName): boolean => table in partColumns

/** The name in Postgres of a column of a table, or undefined where it has none of that name. */
export const columnOf = (table: TableName, property: string): NamedColumn | undefined =>
  tables[table].find((column) => column.property === property)
