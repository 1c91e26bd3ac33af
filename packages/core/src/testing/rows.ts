import type { AuditRow } from '../audit/audit-entry.ts'
import type { BookmarkRow } from '../bookmarks/bookmark.ts'
import type { CustomerRow } from '../customers/customer.ts'
import type { DataKeyRow } from '../data-keys/data-key.ts'
import type { DebtRow } from '../debts/debt.ts'
import type { DisputeRow } from '../disputes/dispute.ts'
import type { DomainEventRow } from '../events/domain-event.ts'
import { idMaker } from '../ids.ts'
import type { InvoiceRow } from '../invoices/invoice.ts'
import { unobserved } from '../observations/join.ts'
import type { LeaseRow } from '../operations/lease.ts'
import type { OperationRow } from '../operations/operation.ts'
import type { PaymentMethodRow } from '../payment-methods/payment-method.ts'
import type { PaymentRow } from '../payments/payment.ts'
import type { TableName, Tables } from '../ports/tables.ts'
import type { RefundRow } from '../refunds/refund.ts'
import type { SubscriptionRow } from '../subscriptions/subscription.ts'
import { timestamp } from '../time.ts'
import type { WebhookEventRow } from '../webhooks/webhook-event.ts'

const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count))

/** New ids as Florin makes them. */
export const newId = idMaker({ now: () => Date.now(), randomBytes })

/** A new id as the gateway makes them, e.g. `pi_…`. */
export const gatewayId = (prefix: string): string =>
  `${prefix}_${[...randomBytes(12)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`

const time = timestamp(Date.UTC(2026, 10, 23, 15, 4, 5, 123))
const dates = { createdAt: time, updatedAt: time }
const month = { periodStart: '2026-11-01T00:00:00.000Z', periodEnd: '2026-12-01T00:00:00.000Z' }

/** A payment of 10.00 EUR that succeeded, new to the storage. */
export const aPaymentRow = (row: Partial<PaymentRow> = {}): PaymentRow => ({
  id: newId('tx'),
  version: 0,
  ...dates,
  ...unobserved,
  userId: 'user_1',
  customerId: null,
  gatewayId: gatewayId('pi'),
  amount: 1000,
  currency: 'EUR',
  status: 'succeeded',
  gatewayStatus: null,
  amountCapturable: 0,
  amountCaptured: 1000,
  amountRefunded: 0,
  captureMethod: 'automatic',
  paymentMethod: 'pm_card_visa',
  failure: null,
  nextAction: null,
  chargeId: null,
  chargeRefunded: 0,
  description: null,
  reference: null,
  duplicateOf: null,
  metadata: {},
  clientSecret: null,
  ...row,
})

/** A customer that is not its user's primary one. */
export const aCustomerRow = (row: Partial<CustomerRow> = {}): CustomerRow => ({
  id: gatewayId('cus'),
  version: 0,
  ...dates,
  ...unobserved,
  userId: 'user_1',
  isPrimary: false,
  deleted: false,
  defaultMethod: null,
  ...row,
})

/** An attached Visa card. */
export const aPaymentMethodRow = (row: Partial<PaymentMethodRow> = {}): PaymentMethodRow => ({
  id: newId('method'),
  version: 0,
  ...dates,
  ...unobserved,
  userId: 'user_1',
  gatewayId: gatewayId('pm'),
  customerId: null,
  status: 'attached',
  type: 'card',
  card: { brand: 'visa', last4: '4242', expMonth: 12, expYear: 2034, fingerprint: null },
  ...row,
})

/** An active monthly subscription to one price. */
export const aSubscriptionRow = (row: Partial<SubscriptionRow> = {}): SubscriptionRow => ({
  id: newId('subscription'),
  version: 0,
  ...dates,
  ...unobserved,
  userId: 'user_1',
  customerId: null,
  gatewayId: gatewayId('sub'),
  status: 'active',
  gatewayStatus: null,
  items: [
    {
      id: gatewayId('si'),
      priceId: 'price_monthly',
      quantity: 1,
      currentPeriodStart: month.periodStart,
      currentPeriodEnd: month.periodEnd,
    },
  ],
  trialStart: null,
  trialEnd: null,
  cancelAt: null,
  cancelAtPeriodEnd: false,
  canceledAt: null,
  endedAt: null,
  latestInvoice: null,
  paymentMethod: null,
  metadata: {},
  clientSecret: null,
  ...row,
})

/** A paid invoice of 10.00 EUR that belongs to no subscription. */
export const anInvoiceRow = (row: Partial<InvoiceRow> = {}): InvoiceRow => ({
  id: newId('invoice'),
  version: 0,
  ...dates,
  ...unobserved,
  userId: 'user_1',
  customerId: null,
  gatewayId: gatewayId('in'),
  subscriptionId: null,
  subscriptionGatewayId: null,
  number: null,
  status: 'paid',
  gatewayStatus: null,
  currency: 'EUR',
  amountDue: 1000,
  amountPaid: 1000,
  amountRemaining: 0,
  billingReason: 'manual',
  attemptCount: 1,
  nextPaymentAttempt: null,
  ...month,
  lines: [],
  hasMoreLines: false,
  hostedInvoiceUrl: null,
  invoicePdf: null,
  paidAt: time,
  paymentGatewayId: null,
  ...row,
})

/** A refund of 1.00 EUR that succeeded, of a payment that is not known here. */
export const aRefundRow = (row: Partial<RefundRow> = {}): RefundRow => ({
  id: newId('refund'),
  version: 0,
  ...dates,
  ...unobserved,
  userId: 'user_1',
  paymentId: null,
  paymentGatewayId: null,
  gatewayId: gatewayId('re'),
  amount: 100,
  currency: 'EUR',
  status: 'succeeded',
  gatewayStatus: null,
  reason: null,
  failureReason: null,
  gatewayCreated: null,
  ...row,
})

/** An open dispute over 10.00 EUR, of a payment that is not known here. */
export const aDisputeRow = (row: Partial<DisputeRow> = {}): DisputeRow => ({
  id: newId('dispute'),
  version: 0,
  ...dates,
  ...unobserved,
  userId: 'user_1',
  paymentId: null,
  paymentGatewayId: null,
  gatewayId: gatewayId('dp'),
  amount: 1000,
  currency: 'EUR',
  status: 'needs_response',
  reason: 'fraudulent',
  evidenceDueBy: null,
  ...row,
})

/** A debt of 10.00 EUR that nobody pays. */
export const aDebtRow = (row: Partial<DebtRow> = {}): DebtRow => ({
  id: `user_1 ${newId('tx')}`,
  version: 0,
  ...dates,
  userId: 'user_1',
  reference: 'order-1',
  amountDue: 1000,
  currency: 'EUR',
  holder: null,
  duplicates: [],
  dueAt: null,
  ...row,
})

/** An event that was applied. */
export const aWebhookEventRow = (row: Partial<WebhookEventRow> = {}): WebhookEventRow => ({
  id: gatewayId('evt'),
  version: 0,
  ...dates,
  type: 'payment_intent.succeeded',
  apiVersion: '2026-10-28.endive',
  livemode: false,
  occurredAt: time,
  objectId: null,
  ownerId: null,
  userId: null,
  status: 'processed',
  reason: null,
  attempts: 1,
  dueAt: null,
  payload: '{}',
  ...row,
})

/** An open operation of a caller that gave no key. */
export const anOperationRow = (row: Partial<OperationRow> = {}): OperationRow => ({
  id: newId('operation'),
  version: 0,
  ...dates,
  kind: 'payment.create',
  status: 'open',
  actor: { id: 'user_1', roles: ['user'] },
  userId: 'user_1',
  objectId: null,
  callerScope: null,
  callerKey: null,
  requestHash: null,
  requestId: null,
  input: {},
  steps: [],
  answer: null,
  leaseId: null,
  dueAt: time,
  completedAt: null,
  ...row,
})

/** A lease that nobody holds. */
export const aLeaseRow = (row: Partial<LeaseRow> = {}): LeaseRow => ({
  id: `payment:${newId('tx')}`,
  version: 0,
  ...dates,
  operationId: null,
  expiresAt: time,
  ...row,
})

/** An event that waits for its delivery. */
export const aDomainEventRow = (row: Partial<DomainEventRow> = {}): DomainEventRow => ({
  id: newId('event'),
  version: 0,
  ...dates,
  type: 'payment.succeeded',
  objectId: newId('tx'),
  discriminator: gatewayId('ch'),
  occurredAt: time,
  data: {},
  status: 'pending',
  attempts: 0,
  dueAt: time,
  ...row,
})

/** A line of the audit log. */
export const anAuditRow = (row: Partial<AuditRow> = {}): AuditRow => ({
  id: newId('audit'),
  version: 0,
  ...dates,
  actorId: 'user_1',
  actorRoles: ['user'],
  action: 'payment.create',
  objectId: newId('tx'),
  operationId: null,
  requestId: null,
  outcome: 'intended',
  detail: {},
  ...row,
})

/** A bookmark that nobody has read yet. */
export const aBookmarkRow = (row: Partial<BookmarkRow> = {}): BookmarkRow => ({
  id: `reconcile.${newId('event')}`,
  version: 0,
  ...dates,
  value: {},
  ...row,
})

/** The data key of a user of its own. */
export const aDataKeyRow = (row: Partial<DataKeyRow> = {}): DataKeyRow => ({
  id: newId('key'),
  version: 0,
  ...dates,
  subject: `user:${newId('tx')}`,
  isCurrent: true,
  wrapped: 'v1.ring.nonce.box',
  wrappedBy: 'ring',
  closedAt: null,
  destroyedAt: null,
  dueAt: null,
  ...row,
})

/** The builder of every table. */
export const rowBuilders: { readonly [T in TableName]: (row?: Partial<Tables[T]>) => Tables[T] } = {
  transactions: aPaymentRow,
  customers: aCustomerRow,
  payment_methods: aPaymentMethodRow,
  subscriptions: aSubscriptionRow,
  invoices: anInvoiceRow,
  refunds: aRefundRow,
  disputes: aDisputeRow,
  debts: aDebtRow,
  webhook_events: aWebhookEventRow,
  operations: anOperationRow,
  leases: aLeaseRow,
  outbox: aDomainEventRow,
  audit_log: anAuditRow,
  bookmarks: aBookmarkRow,
  data_keys: aDataKeyRow,
}
