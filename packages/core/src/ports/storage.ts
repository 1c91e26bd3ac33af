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

/** Equality on searchable columns; `null` finds rows where the column is not set. */
export type Where<T extends TableName> = { readonly [C in Searchable[T] & keyof Tables[T]]?: Tables[T][C] }

/** The newest rows after a place in the list (`created_at`, `id`), at most `limit`. */
export interface PageQuery {
  readonly limit: number
  readonly after?: { readonly createdAt: string; readonly id: string }
}

export interface FindOne<T extends TableName> {
  readonly find: 'one'
  readonly table: T
  readonly where: Where<T>
}

export interface FindMany<T extends TableName> {
  readonly find: 'many'
  readonly table: T
  readonly where: Where<T>
  readonly page?: PageQuery
}

/** The tables whose rows wait for something: each names its time in `dueAt`. */
export type DueTable = { [T in TableName]: Tables[T] extends { readonly dueAt: string | null } ? T : never }[TableName]

export interface FindDue<T extends DueTable> {
  readonly find: 'due'
  readonly table: T
  readonly at: string
  readonly limit: number
}

/** Some of all rows of a table, whatever they hold. */
export interface FindNext<T extends TableName> {
  readonly find: 'next'
  readonly table: T
  readonly limit: number
  /** Only ids below this one. */
  readonly before?: string
}

/** Any way to find rows. */
export type Find =
  | { [T in TableName]: FindOne<T> | FindMany<T> | FindNext<T> }[TableName]
  | { [T in DueTable]: FindDue<T> }[DueTable]

/** Names for what is wanted, each with how to find it. */
export type Query = Readonly<Record<string, Find>>

/** What a query answers: a row or undefined for `one`, rows for `many`. */
export type Loaded<Q, R extends Rows = Tables> = { readonly [K in keyof Q]: Found<Q[K], R> }

type Found<F, R extends Rows> =
  F extends FindOne<infer T>
    ? R[T] | undefined
    : F extends FindMany<infer T>
      ? readonly R[T][]
      : F extends FindDue<infer T> | FindNext<infer T>
        ? readonly R[T][]
        : never

/** Finds the one row that matches, oldest first where more than one does. */
export const one = <T extends TableName>(table: T, where: Where<T>): FindOne<T> => ({ find: 'one', table, where })

/** Finds all rows that match, oldest first. For sets that stay small, such as the refunds of one payment. */
export const many = <T extends TableName>(table: T, where: Where<T>): FindMany<T> => ({ find: 'many', table, where })

/** Finds one page of the rows that match, newest first. */
export const page = <T extends TableName>(table: T, where: Where<T>, query: PageQuery): FindMany<T> => ({
  find: 'many',
  table,
  where,
  page: query,
})

/** Finds the rows whose time has come, longest due first. */
export const due = <T extends DueTable>(table: T, at: string, limit: number): FindDue<T> => ({
  find: 'due',
  table,
  at,
  limit,
})

/** Finds the rows with the highest ids, downwards: to look through a whole table, page by page, by its ids alone. */
export const next = <T extends TableName>(table: T, limit: number, before?: string): FindNext<T> => ({
  find: 'next',
  table,
  limit,
  ...(before !== undefined && { before }),
})

/**
 * One row to write. Its `version` is the one that it was decided on: 0 makes a new row, any other replaces the row that
 * still has that version. What is stored has `version + 1`.
 */
export interface Write<T extends TableName, R extends Rows = Tables> {
  readonly table: T
  readonly row: R[T]
  /** For facts that several observers may prove: where the row or a unique key is already there, nothing is written. */
  readonly ifAbsent?: true
}

export type Change<R extends Rows = Tables> = { [T in TableName]: Write<T, R> }[TableName]

/** The change that writes a row: new where its version is 0, else in place of that version. */
export const write = <T extends TableName>(table: T, row: Tables[T]): Write<T> => ({ table, row })

/** Everything that must become true together. No two changes of one commit concern the same row. */
export interface Commit<R extends Rows = Tables> {
  /** Unique; stored on the rows, so that a commit whose answer was lost can be recognised. */
  readonly id: string
  readonly changes: readonly Change<R>[]
  /** It tells what came of a call that was sent: a storage that turns commits away for lack of room has more for these. */
  readonly settles?: true
}

/**
 * Where Florin's rows live. Two methods, one round trip each.
 *
 * `load` answers committed rows only, all of one moment.
 *
 * `commit` is atomic: all changes or none. It answers `conflict`, having changed nothing, when a row no longer has the
 * version that a change was decided on, or when a new row clashes with an id or a unique key; the caller then loads and
 * decides again.
 *
 * @throws `unavailable` storage_unavailable: `not_applied`, or `unknown` when a commit's outcome could not be learned
 */
export interface Storage<R extends Rows = StoredTables> {
  load<const Q extends Query>(query: Q): Promise<Loaded<Q, R>>
  commit(commit: Commit<R>): Promise<'committed' | 'conflict'>
}
