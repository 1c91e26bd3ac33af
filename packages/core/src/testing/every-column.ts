import type { StoredTables, TableName } from '../ports/tables.ts'
import { gatewayId, newId, rowBuilders } from './rows.ts'
import { aStoredRow, asStored, put } from './stored-rows.ts'

/** A row with nothing left unset. */
type Complete<T extends TableName> = { readonly [C in keyof StoredTables[T]]: NonNullable<StoredTables[T][C]> }

type NullableColumn<T extends TableName> = {
  [C in keyof StoredTables[T]]: null extends StoredTables[T][C] ? C : never
}[keyof StoredTables[T]]

const time = '2026-02-28T23:59:59.999Z'
const observation = {
  observed: { first: { rank: 2, stamp: 1763910245, after: '0123456789abcdef' }, second: { rank: 0, stamp: 0 } },
  ties: 'sealed ties',
  inDoubt: true,
  dueAt: time,
}
const sealed = (column: string) => `v1.key.nonce.${column}`

/** Rows with every column set, and the rows that must be there before them. The types make sure that none is left out. */
const completeRows: { readonly [T in TableName]: () => Complete<T> } = {
  transactions: () => ({
    ...aStoredRow('transactions'),
    ...observation,
    userId: newId('tx'),
    customerId: gatewayId('cus'),
    gatewayId: gatewayId('pi'),
    gatewayStatus: 'requires_luck',
    paymentMethod: 'pm_1',
    failure: sealed('failure'),
    nextAction: sealed('nextAction'),
    chargeId: 'ch_1',
    description: sealed('description'),
    reference: 'order 1',
    duplicateOf: newId('tx'),
    metadata: sealed('metadata'),
    clientSecret: sealed('clientSecret'),
  }),
  customers: () => ({
    ...aStoredRow('customers'),
    ...observation,
    userId: newId('tx'),
    isPrimary: true,
    deleted: true,
    defaultMethod: 'pm_1',
  }),
  payment_methods: () => ({
    ...aStoredRow('payment_methods'),
    ...observation,
    userId: newId('tx'),
    customerId: gatewayId('cus'),
    card: sealed('card'),
  }),
  subscriptions: () => ({
    ...aStoredRow('subscriptions'),
    ...observation,
    userId: newId('tx'),
    customerId: gatewayId('cus'),
    gatewayId: gatewayId('sub'),
    gatewayStatus: 'dozing',
    items: [{ id: 'si_1', priceId: 'price_1', quantity: null, currentPeriodStart: time, currentPeriodEnd: null }],
    trialStart: time,
    trialEnd: time,
    cancelAt: time,
    cancelAtPeriodEnd: true,
    canceledAt: time,
    endedAt: time,
    latestInvoice: 'in_1',
    paymentMethod: gatewayId('pm'),
    metadata: sealed('metadata'),
    clientSecret: sealed('clientSecret'),
  }),
  invoices: () => ({
    ...aStoredRow('invoices'),
    ...observation,
    userId: newId('tx'),
    customerId: gatewayId('cus'),
    subscriptionId: newId('subscription'),
    subscriptionGatewayId: gatewayId('sub'),
    number: 'A-0001',
    gatewayStatus: 'lost_in_the_post',
    amountRemaining: -1,
    billingReason: 'subscription_cycle',
    nextPaymentAttempt: time,
    lines: sealed('lines'),
    hasMoreLines: true,
    hostedInvoiceUrl: sealed('hostedInvoiceUrl'),
    invoicePdf: sealed('invoicePdf'),
    paidAt: time,
    paymentGatewayId: gatewayId('pi'),
  }),
  refunds: () => ({
    ...aStoredRow('refunds'),
    ...observation,
    userId: newId('tx'),
    paymentId: newId('tx'),
    paymentGatewayId: gatewayId('pi'),
    gatewayId: gatewayId('re'),
    gatewayStatus: 'undecided',
    reason: 'duplicate',
    failureReason: 'expired_or_canceled_card',
    gatewayCreated: 1763910245,
  }),
  disputes: () => ({
    ...aStoredRow('disputes'),
    ...observation,
    userId: newId('tx'),
    paymentId: newId('tx'),
    paymentGatewayId: gatewayId('pi'),
    evidenceDueBy: time,
  }),
  debts: () => ({
    ...aStoredRow('debts'),
    holder: newId('tx'),
    duplicates: [newId('tx'), newId('tx')],
    dueAt: time,
  }),
  webhook_events: () => ({
    ...aStoredRow('webhook_events'),
    apiVersion: '2026-10-28.endive',
    livemode: true,
    objectId: 'pi_1',
    ownerId: gatewayId('cus'),
    userId: newId('tx'),
    reason: 'of another installation',
    dueAt: time,
    payload: Uint8Array.from({ length: 256 }, (_, byte) => byte),
  }),
  operations: () => ({
    ...aStoredRow('operations'),
    userId: newId('tx'),
    objectId: newId('tx'),
    callerScope: newId('tx'),
    callerKey: 'key',
    requestHash: 'hash',
    requestId: 'request',
    input: sealed('input'),
    steps: sealed('steps'),
    answer: sealed('answer'),
    leaseId: 'payment:tx_1',
    dueAt: time,
    completedAt: time,
  }),
  leases: () => ({ ...aStoredRow('leases'), operationId: newId('operation') }),
  outbox: () => ({ ...aStoredRow('outbox'), data: sealed('data'), dueAt: time }),
  audit_log: () => ({
    ...aStoredRow('audit_log'),
    actorRoles: ['user', 'support'],
    objectId: newId('tx'),
    operationId: newId('operation'),
    requestId: 'request',
    detail: { before: { status: null, sums: [1, 2] }, after: [] },
  }),
  bookmarks: () => ({ ...aStoredRow('bookmarks'), value: { after: 'evt_1', pages: [1] } }),
  data_keys: () => ({
    ...aStoredRow('data_keys'),
    wrapped: sealed('wrapped'),
    wrappedBy: 'ring',
    closedAt: time,
    destroyedAt: time,
    dueAt: time,
  }),
}

/** A row with every column set. */
export const aCompleteRow = <T extends TableName>(table: T): StoredTables[T] =>
  // True by construction: a complete row is a row; the types cannot follow that through a table that is not known yet.
  completeRows[table]() as unknown as StoredTables[T]

/** The columns that may be null. */
export const nullableColumns: { readonly [T in TableName]: Readonly<Record<NullableColumn<T>, null>> } = {
  transactions: {
    ties: null,
    dueAt: null,
    userId: null,
    customerId: null,
    gatewayId: null,
    gatewayStatus: null,
    paymentMethod: null,
    failure: null,
    nextAction: null,
    chargeId: null,
    description: null,
    reference: null,
    duplicateOf: null,
    metadata: null,
    clientSecret: null,
  },
  customers: { ties: null, dueAt: null, userId: null, defaultMethod: null },
  payment_methods: { ties: null, dueAt: null, userId: null, customerId: null, card: null },
  subscriptions: {
    ties: null,
    dueAt: null,
    userId: null,
    customerId: null,
    gatewayId: null,
    gatewayStatus: null,
    trialStart: null,
    trialEnd: null,
    cancelAt: null,
    canceledAt: null,
    endedAt: null,
    latestInvoice: null,
    paymentMethod: null,
    metadata: null,
    clientSecret: null,
  },
  invoices: {
    ties: null,
    dueAt: null,
    userId: null,
    customerId: null,
    subscriptionId: null,
    subscriptionGatewayId: null,
    number: null,
    gatewayStatus: null,
    billingReason: null,
    nextPaymentAttempt: null,
    lines: null,
    hostedInvoiceUrl: null,
    invoicePdf: null,
    paidAt: null,
    paymentGatewayId: null,
  },
  refunds: {
    ties: null,
    dueAt: null,
    userId: null,
    paymentId: null,
    paymentGatewayId: null,
    gatewayId: null,
    gatewayStatus: null,
    reason: null,
    failureReason: null,
    gatewayCreated: null,
  },
  disputes: { ties: null, dueAt: null, userId: null, paymentId: null, paymentGatewayId: null, evidenceDueBy: null },
  debts: { holder: null, dueAt: null },
  webhook_events: {
    apiVersion: null,
    objectId: null,
    ownerId: null,
    userId: null,
    reason: null,
    dueAt: null,
    payload: null,
  },
  operations: {
    userId: null,
    objectId: null,
    callerScope: null,
    callerKey: null,
    requestHash: null,
    requestId: null,
    input: null,
    steps: null,
    answer: null,
    leaseId: null,
    dueAt: null,
    completedAt: null,
  },
  leases: { operationId: null },
  outbox: { data: null, dueAt: null },
  audit_log: { objectId: null, operationId: null, requestId: null, detail: null },
  bookmarks: { value: null },
  data_keys: { wrapped: null, wrappedBy: null, closedAt: null, destroyedAt: null, dueAt: null },
}

/** The rows that a row points at: an adapter may insist that they are there. */
export function parentsOf(row: object) {
  const cells: Readonly<Record<string, unknown>> = { ...row }
  const parents = []
  if (typeof cells.paymentId === 'string') {
    parents.push(put('transactions', asStored('transactions', rowBuilders.transactions({ id: cells.paymentId }))))
  }
  if (typeof cells.subscriptionId === 'string') {
    parents.push(
      put('subscriptions', asStored('subscriptions', rowBuilders.subscriptions({ id: cells.subscriptionId }))),
    )
  }
  return parents
}
