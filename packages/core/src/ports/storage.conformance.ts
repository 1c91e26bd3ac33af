import { auditPromises } from '../audit/audit.conformance.ts'
import { customerPromises } from '../customers/customers.conformance.ts'
import { dataKeyPromises } from '../data-keys/data-keys.conformance.ts'
import { debtPromises } from '../debts/debts.conformance.ts'
import { disputePromises } from '../disputes/disputes.conformance.ts'
import { domainEventPromises } from '../events/domain-events.conformance.ts'
import { invoicePromises } from '../invoices/invoices.conformance.ts'
import { operationPromises } from '../operations/operations.conformance.ts'
import { paymentMethodPromises } from '../payment-methods/payment-methods.conformance.ts'
import { paymentPromises } from '../payments/payments.conformance.ts'
import { refundPromises } from '../refunds/refunds.conformance.ts'
import { subscriptionPromises } from '../subscriptions/subscriptions.conformance.ts'
import type { Promised } from '../testing/promise.ts'
import { webhookEventPromises } from '../webhooks/webhook-events.conformance.ts'
import type { Storage } from './storage.ts'
import { commitPromises } from './storage-commit.conformance.ts'
import { duePromises } from './storage-due.conformance.ts'
import { loadPromises } from './storage-load.conformance.ts'
import { racePromises } from './storage-race.conformance.ts'
import { roundTripPromises } from './storage-round-trip.conformance.ts'
import { uniqueKeyPromises } from './storage-unique-keys.conformance.ts'
import type { StoredTables } from './tables.ts'

/** Everything that a Storage promises: the general promises, then each slice's own. */
export const storagePromises: readonly Promised<Storage<StoredTables>>[] = [
  ...commitPromises,
  ...uniqueKeyPromises,
  ...racePromises,
  ...loadPromises,
  ...duePromises,
  ...roundTripPromises,
  ...paymentPromises,
  ...customerPromises,
  ...paymentMethodPromises,
  ...subscriptionPromises,
  ...invoicePromises,
  ...refundPromises,
  ...disputePromises,
  ...debtPromises,
  ...webhookEventPromises,
  ...operationPromises,
  ...domainEventPromises,
  ...auditPromises,
  ...dataKeyPromises,
]
