import type { AuditRow } from '../audit/audit-entry.ts'
import type { BookmarkRow } from '../bookmarks/bookmark.ts'
import type { CustomerRow } from '../customers/customer.ts'
import type { DataKeyRow } from '../data-keys/data-key.ts'
import type { DebtRow } from '../debts/debt.ts'
import type { DisputeRow } from '../disputes/dispute.ts'
import type { DomainEventRow } from '../events/domain-event.ts'
import type { InvoiceRow } from '../invoices/invoice.ts'
import type { LeaseRow } from '../operations/lease.ts'
import type { OperationRow } from '../operations/operation.ts'
import type { PaymentMethodRow } from '../payment-methods/payment-method.ts'
import type { PaymentRow } from '../payments/payment.ts'
import type { RefundRow } from '../refunds/refund.ts'
import type { SubscriptionRow } from '../subscriptions/subscription.ts'
import type { WebhookEventRow } from '../webhooks/webhook-event.ts'

/** The tables and their rows. Names are Postgres's, so that an on-call engineer reads one word everywhere. */
export interface Tables {
  transactions: PaymentRow
  customers: CustomerRow
  payment_methods: PaymentMethodRow
  subscriptions: SubscriptionRow
  invoices: InvoiceRow
  refunds: RefundRow
  disputes: DisputeRow
  debts: DebtRow
  webhook_events: WebhookEventRow
  operations: OperationRow
  leases: LeaseRow
  outbox: DomainEventRow
  audit_log: AuditRow
  bookmarks: BookmarkRow
  data_keys: DataKeyRow
}

export type TableName = keyof Tables

/**
 * The columns that are stored as ciphertext, and what they hold where nothing is stored: what is empty, and what belonged
 * to a user that was erased. Above the sealing layer (sealed-storage.ts) they hold their values, below it sealed text,
 * so that no adapter ever sees what is in them.
 */
export const sealedColumns = {
  transactions: { description: null, metadata: {}, failure: null, nextAction: null, clientSecret: null, ties: null },
  customers: { ties: null },
  payment_methods: { card: null, ties: null },
  subscriptions: { metadata: {}, clientSecret: null, ties: null },
  invoices: { lines: [], hostedInvoiceUrl: null, invoicePdf: null, ties: null },
  refunds: { ties: null },
  disputes: { ties: null },
  debts: {},
  webhook_events: {},
  operations: { input: null, steps: [], answer: null },
  leases: {},
  outbox: { data: null },
  audit_log: {},
  bookmarks: {},
  data_keys: {},
} as const satisfies Blanks

/** The columns that are compressed before they are sealed, and stored as bytes. */
export const sealedByteColumns = {
  transactions: {},
  customers: {},
  payment_methods: {},
  subscriptions: {},
  invoices: {},
  refunds: {},
  disputes: {},
  debts: {},
  webhook_events: { payload: null },
  operations: {},
  leases: {},
  outbox: {},
  audit_log: {},
  bookmarks: {},
  data_keys: {},
} as const satisfies Blanks

type Blanks = { readonly [T in TableName]: { readonly [C in keyof Tables[T]]?: Tables[T][C] } }
type SealedText<T extends TableName> = keyof (typeof sealedColumns)[T]
type SealedBytes<T extends TableName> = keyof (typeof sealedByteColumns)[T]

/** A column that is sealed: its name, what it holds where nothing is stored, and whether it is stored as bytes. */
export interface SealedColumn {
  readonly column: string
  readonly blank: unknown
  readonly asBytes: boolean
}

// Made once: every row that is read or written asks for them.
const sealedByTable = new Map<string, readonly SealedColumn[]>(
  Object.entries<object>(sealedColumns).map(([table, texts]) => [
    table,
    [...sealed(texts, false), ...sealed(sealedByteColumns[table as TableName], true)],
  ]),
)

function sealed(columns: object, asBytes: boolean): readonly SealedColumn[] {
  return Object.entries(columns).map(([column, blank]) => ({ column, blank, asBytes }))
}

/** The sealed columns of a table. */
export const sealedIn = (table: TableName): readonly SealedColumn[] => sealedByTable.get(table) ?? []

/** Whether a value need not be stored, since that is what reading nothing gives. */
export const isBlank = (value: unknown, blank: unknown): boolean =>
  value === null || (typeof value === 'object' && blank !== null && Object.keys(value).length === 0)

/** The rows as an adapter stores them. */
export type StoredTables = {
  [T in TableName]: Omit<Tables[T], SealedText<T> | SealedBytes<T>> & {
    readonly [C in SealedText<T>]: string | null
  } & { readonly [C in SealedBytes<T>]: Uint8Array | null }
}

/** Either form of the tables. */
export type Rows = { [T in TableName]: Tables[T] | StoredTables[T] }

/** The columns that rows can be looked up by; every combination in use has an index behind it. */
export interface Searchable {
  transactions: 'id' | 'gatewayId' | 'userId' | 'customerId'
  customers: 'id' | 'userId' | 'isPrimary'
  payment_methods: 'id' | 'gatewayId' | 'userId' | 'customerId' | 'status'
  subscriptions: 'id' | 'gatewayId' | 'userId' | 'customerId'
  invoices: 'id' | 'gatewayId' | 'userId' | 'customerId' | 'subscriptionId' | 'subscriptionGatewayId'
  refunds: 'id' | 'gatewayId' | 'userId' | 'paymentId' | 'paymentGatewayId'
  disputes: 'id' | 'gatewayId' | 'userId' | 'paymentId' | 'paymentGatewayId'
  debts: 'id'
  webhook_events: 'id' | 'occurredAt' | 'status' | 'type' | 'ownerId'
  operations: 'id' | 'userId' | 'callerScope' | 'callerKey' | 'status'
  leases: 'id'
  outbox: 'id' | 'objectId' | 'status'
  audit_log: 'id' | 'objectId'
  bookmarks: 'id'
  data_keys: 'id' | 'subject' | 'isCurrent' | 'wrappedBy'
}

/** The unique keys of each table besides its id. A row with null or false in one of the columns never clashes. */
export const uniqueKeys: { readonly [T in TableName]: readonly (readonly (keyof Tables[T])[])[] } = {
  transactions: [['gatewayId']],
  customers: [['userId', 'isPrimary']],
  payment_methods: [['gatewayId']],
  subscriptions: [['gatewayId']],
  invoices: [['gatewayId']],
  refunds: [['gatewayId']],
  disputes: [['gatewayId']],
  debts: [],
  webhook_events: [],
  operations: [['callerScope', 'callerKey']],
  leases: [],
  outbox: [['objectId', 'type', 'discriminator']],
  audit_log: [],
  bookmarks: [],
  data_keys: [['subject', 'isCurrent']],
}

/**
 * The columns by which a storage may keep a table in parts, so that what is old goes a part at a time. A row's never
 * changes. Ids are unique beside equal ones only: of two rows with one id and two times, both may be stored. A look-up
 * by id that names the column too asks one part; by the id alone it asks them all.
 */
export const partColumns = {
  webhook_events: 'occurredAt',
  audit_log: 'createdAt',
} as const satisfies { readonly [T in TableName]?: keyof Tables[T] }
