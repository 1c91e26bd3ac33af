export type { AccountBinding, GatewayAccount } from './accounts/bind-account.ts'
export { type Actor, type Permission, type Role, roles, system } from './actor.ts'
export type { Audit } from './audit/audit.ts'
export type { AuditEntry, AuditRow } from './audit/audit-entry.ts'
export type { ListAuditEntries } from './audit/list-audit-entries.ts'
export type { BillingPortalSession } from './billing-portal-sessions/billing-portal-session.ts'
export type { BillingPortalSessions } from './billing-portal-sessions/billing-portal-sessions.ts'
export type { CreateBillingPortalSession } from './billing-portal-sessions/create-billing-portal-session.ts'
export type { BookmarkRow } from './bookmarks/bookmark.ts'
export { type GivenSettings, settingLimits } from './check-settings.ts'
export { type CheckoutMode, type CheckoutSession, checkoutModes } from './checkout-sessions/checkout-session.ts'
export type { CheckoutSessions } from './checkout-sessions/checkout-sessions.ts'
export type { CreateCheckoutSession } from './checkout-sessions/create-checkout-session.ts'
export type { CipherKey, KeyRing } from './cipher/envelope.ts'
export { webCipher } from './cipher/web-cipher.ts'
export { createFlorin, type Florin, type FlorinOptions } from './create-florin.ts'
export type { CustomerObservation, CustomerRow } from './customers/customer.ts'
export type { DataKeyRow } from './data-keys/data-key.ts'
export type { Keys } from './data-keys/keys.ts'
export type { KeysRotated, RotateKeys } from './data-keys/rotate-keys.ts'
export type { BrokenValue, KeysVerified, VerifyKeys } from './data-keys/verify-keys.ts'
export type { DebtRow } from './debts/debt.ts'
export type { DuplicatesRefunded } from './debts/refund-duplicates.ts'
export { defaultSettings, type Settings } from './deps.ts'
export type { Dispute, DisputeObservation, DisputeRow } from './disputes/dispute.ts'
export type { Disputes } from './disputes/disputes.ts'
export type { ListDisputes } from './disputes/list-disputes.ts'
export {
  type DefectCode,
  DefectError,
  type ErrorCode,
  type ErrorDetails,
  type ErrorKind,
  type FieldError,
  type FlorinError,
  type InvalidCode,
  InvalidError,
  isFlorinError,
  type RefusedCode,
  RefusedError,
  type UnavailableCode,
  UnavailableError,
} from './errors.ts'
export type { Dispatched } from './events/dispatch-events.ts'
export { type DomainEventRow, type DomainEventType, domainEventTypes } from './events/domain-event.ts'
export type { DomainEvent, DomainEventData } from './events/domain-event-data.ts'
export type { EventHandler, HeardType } from './events/event-handlers.ts'
export type { Events } from './events/events.ts'
export type { ListEvents, OutboxEvent } from './events/list-events.ts'
export { type WebhookEndpoint, type WebhookSenderOptions, webhookSender } from './events/webhook-sender.ts'
export { type IdPrefix, idMaker, type NewId } from './ids.ts'
export { hasCardNumber, maskCardNumbers } from './input/card-number.ts'
export { idPattern, type NamedObject, objectIds } from './input/object-ids.ts'
export { checkInput } from './input/parse-input.ts'
export {
  type Invoice,
  type InvoiceLine,
  type InvoiceObservation,
  type InvoiceRow,
  type InvoiceStatus,
  invoiceStatuses,
} from './invoices/invoice.ts'
export type { Invoices } from './invoices/invoices.ts'
export type { ListInvoices } from './invoices/list-invoices.ts'
export type { ListSubscriptionInvoices } from './invoices/list-subscription-invoices.ts'
export type { Json } from './json.ts'
export type { Maintenance } from './maintenance.ts'
export { type CurrencyRule, currencies } from './money/currencies.ts'
export { fromDecimal, toDecimal } from './money/decimal.ts'
export { amountProblem } from './money/money.ts'
export type { Observation } from './observations/observation.ts'
export type { Refreshed } from './observations/refresh-rows.ts'
export type { LeaseRow } from './operations/lease.ts'
export type { OperationRow } from './operations/operation.ts'
export type { Recovered } from './operations/recover-operations.ts'
export type { Caller, Performed } from './operations/use-case.ts'
export type { Page, PageInput } from './page.ts'
export type { AttachPaymentMethod } from './payment-methods/attach-payment-method.ts'
export type { DetachPaymentMethod } from './payment-methods/detach-payment-method.ts'
export type { ListPaymentMethods } from './payment-methods/list-payment-methods.ts'
export type {
  Card,
  PaymentMethod,
  PaymentMethodObservation,
  PaymentMethodRow,
} from './payment-methods/payment-method.ts'
export type { PaymentMethods } from './payment-methods/payment-methods.ts'
export type { SetDefaultPaymentMethod } from './payment-methods/set-default-payment-method.ts'
export type { SetUpPaymentMethod } from './payment-methods/set-up-payment-method.ts'
export type { SetupIntent } from './payment-methods/setup-intent.ts'
export type { CancelPayment } from './payments/cancel-payment.ts'
export type { CapturePayment } from './payments/capture-payment.ts'
export type { ConfirmPayment } from './payments/confirm-payment.ts'
export type { CreatePayment } from './payments/create-payment.ts'
export type { ListPayments } from './payments/list-payments.ts'
export {
  type CaptureMethod,
  type NextAction,
  type Payment,
  type PaymentFailure,
  type PaymentObservation,
  type PaymentRow,
  type PaymentStatus,
  paymentStatuses,
} from './payments/payment.ts'
export type { Payments } from './payments/payments.ts'
export {
  type CallBudget,
  type CallPlace,
  type CallRates,
  type CallShare,
  checkRates,
  type Pace,
  pacesOf,
  SLOW_DOWN_MS,
  type WantedCall,
} from './ports/call-budget.ts'
export type { Cipher, DataKey, MaybePromise } from './ports/cipher.ts'
export type {
  Answer,
  Decline,
  GatewayCall,
  GatewayEvent,
  GatewayEvents,
  GatewayPage,
  LookedUp,
  ObjectRef,
  PaymentGateway,
  PreparedCall,
  Rejection,
  Tag,
} from './ports/gateway.ts'
export type { RateLimiter, Taken } from './ports/rate-limiter.ts'
export type { Prunable, Retention, Rotated } from './ports/retention.ts'
export type { Clock, Happening, Observer, Runtime } from './ports/runtime.ts'
export {
  type Change,
  type Commit,
  type DueTable,
  due,
  type Find,
  type FindDue,
  type FindMany,
  type FindNext,
  type FindOne,
  type Loaded,
  many,
  next,
  one,
  type PageQuery,
  page,
  type Query,
  type Storage,
  type Where,
  type Write,
  write,
} from './ports/storage.ts'
export {
  partColumns,
  type Rows,
  type Searchable,
  type StoredTables,
  sealedByteColumns,
  sealedColumns,
  type TableName,
  type Tables,
  uniqueKeys,
} from './ports/tables.ts'
export type { Difference, DifferentField } from './reconcile/drift.ts'
export type { Drift, FindDrift } from './reconcile/find-drift.ts'
export type { ImportAccount, Imported, ImportProgress } from './reconcile/import-account.ts'
export type { Reconciled, ReconcileOptions } from './reconcile/reconcile-events.ts'
export type { RepairDrift, Repaired } from './reconcile/repair-drift.ts'
export type { CreateRefund } from './refunds/create-refund.ts'
export type { ListRefunds } from './refunds/list-refunds.ts'
export {
  type Refund,
  type RefundObservation,
  type RefundReason,
  type RefundRow,
  type RefundStatus,
  refundReasons,
  refundStatuses,
} from './refunds/refund.ts'
export type { Refunds } from './refunds/refunds.ts'
export type { Pruned } from './retention/prune.ts'
export { systemRuntime } from './runtime.ts'
export type { CancelSubscription } from './subscriptions/cancel-subscription.ts'
export type { CreateSubscription } from './subscriptions/create-subscription.ts'
export type { ListSubscriptions } from './subscriptions/list-subscriptions.ts'
export type { ResumeSubscription } from './subscriptions/resume-subscription.ts'
export {
  type Subscription,
  type SubscriptionItem,
  type SubscriptionObservation,
  type SubscriptionRow,
  type SubscriptionStatus,
  subscriptionStatuses,
} from './subscriptions/subscription.ts'
export type { Subscriptions } from './subscriptions/subscriptions.ts'
export type { UpdateSubscription } from './subscriptions/update-subscription.ts'
export type { Timestamp } from './time.ts'
export type { EraseUser } from './users/erase-user.ts'
export type { Erasure } from './users/erasure.ts'
export type { ErasuresFinished } from './users/finish-erasures.ts'
export type { Users } from './users/users.ts'
export type { ListWebhookEvents } from './webhooks/list-webhook-events.ts'
export type { Received } from './webhooks/receive-webhook.ts'
export type { Retried, RetryWebhooks } from './webhooks/retry-webhooks.ts'
export {
  type WebhookEvent,
  type WebhookEventRow,
  type WebhookEventStatus,
  webhookEventStatuses,
} from './webhooks/webhook-event.ts'
export type { Webhooks } from './webhooks/webhooks.ts'
