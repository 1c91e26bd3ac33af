export { callBudgetPromises, type MakeCallBudget } from '../ports/call-budget.conformance.ts'
export { type MakeRateLimiter, rateLimiterPromises } from '../ports/rate-limiter.conformance.ts'
export { type PrunedStorage, retentionPromises } from '../ports/retention.conformance.ts'
export { storagePromises } from '../ports/storage.conformance.ts'
export { type CallBudgetSuite, describeCallBudget } from './describe-call-budget.ts'
export { describeRateLimiter, type RateLimiterSuite } from './describe-rate-limiter.ts'
export { describeRetention, type RetentionSuite } from './describe-retention.ts'
export { describeStorage, type OpenStorage, type StorageSuite } from './describe-storage.ts'
export type { Promised, Skip } from './promise.ts'
export {
  aBookmarkRow,
  aCustomerRow,
  aDataKeyRow,
  aDebtRow,
  aDisputeRow,
  aDomainEventRow,
  aLeaseRow,
  anAuditRow,
  anInvoiceRow,
  anOperationRow,
  aPaymentMethodRow,
  aPaymentRow,
  aRefundRow,
  aSubscriptionRow,
  aWebhookEventRow,
  gatewayId,
  newId,
  rowBuilders,
} from './rows.ts'
export { aStoredRow, asStored, commit, find, put, read, tableNames } from './stored-rows.ts'
