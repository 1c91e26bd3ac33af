import { bindAccount } from './accounts/bind-account.ts'
import type { Actor } from './actor.ts'
import { type ListAuditEntries, listAuditEntries } from './audit/list-audit-entries.ts'
import {
  type CreateBillingPortalSession,
  createBillingPortalSession,
} from './billing-portal-sessions/create-billing-portal-session.ts'
import { budgetedGateway } from './budgeted-gateway.ts'
import { type CreateCheckoutSession, createCheckoutSession } from './checkout-sessions/create-checkout-session.ts'
import { keyStore } from './data-keys/key-store.ts'
import { type RotateKeys, rotateKeys } from './data-keys/rotate-keys.ts'
import { type VerifyKeys, verifyKeys } from './data-keys/verify-keys.ts'
import { refundDuplicates } from './debts/refund-duplicates.ts'
import { type Deps, defaultSettings, type Settings } from './deps.ts'
import { getDispute } from './disputes/get-dispute.ts'
import { type ListDisputes, listDisputes } from './disputes/list-disputes.ts'
import { dispatchEvents } from './events/dispatch-events.ts'
import { type EventHandler, eventHandlers, type HeardType } from './events/event-handlers.ts'
import { type ListEvents, listEvents } from './events/list-events.ts'
import { retryEvent } from './events/retry-event.ts'
import { idMaker } from './ids.ts'
import { getInvoice } from './invoices/get-invoice.ts'
import { type ListInvoices, listInvoices } from './invoices/list-invoices.ts'
import { type ListSubscriptionInvoices, listSubscriptionInvoices } from './invoices/list-subscription-invoices.ts'
import { refreshRows } from './observations/refresh-rows.ts'
import { recoverOperations } from './operations/recover-operations.ts'
import type { Caller } from './operations/use-case.ts'
import { type AttachPaymentMethod, attachPaymentMethod } from './payment-methods/attach-payment-method.ts'
import { type DetachPaymentMethod, detachPaymentMethod } from './payment-methods/detach-payment-method.ts'
import { type ListPaymentMethods, listPaymentMethods } from './payment-methods/list-payment-methods.ts'
import { type SetDefaultPaymentMethod, setDefaultPaymentMethod } from './payment-methods/set-default-payment-method.ts'
import { type SetUpPaymentMethod, setUpPaymentMethod } from './payment-methods/set-up-payment-method.ts'
import { type CancelPayment, cancelPayment } from './payments/cancel-payment.ts'
import { type CapturePayment, capturePayment } from './payments/capture-payment.ts'
import { type ConfirmPayment, confirmPayment } from './payments/confirm-payment.ts'
import { type CreatePayment, createPayment } from './payments/create-payment.ts'
import { getPayment } from './payments/get-payment.ts'
import { type ListPayments, listPayments } from './payments/list-payments.ts'
import type { CallBudget, CallShare } from './ports/call-budget.ts'
import type { Cipher } from './ports/cipher.ts'
import type { PaymentGateway } from './ports/gateway.ts'
import type { Retention } from './ports/retention.ts'
import type { Observer, Runtime } from './ports/runtime.ts'
import type { Storage } from './ports/storage.ts'
import { type FindDrift, findDrift } from './reconcile/find-drift.ts'
import { type ImportAccount, importAccount } from './reconcile/import-account.ts'
import { type ReconcileOptions, reconcileEvents } from './reconcile/reconcile-events.ts'
import { type RepairDrift, repairDrift } from './reconcile/repair-drift.ts'
import { type CreateRefund, createRefund } from './refunds/create-refund.ts'
import { getRefund } from './refunds/get-refund.ts'
import { type ListRefunds, listRefunds } from './refunds/list-refunds.ts'
import { replicaReads } from './replica-reads.ts'
import { prune } from './retention/prune.ts'
import { systemRuntime } from './runtime.ts'
import { sealedStorage } from './sealed-storage.ts'
import { type CancelSubscription, cancelSubscription } from './subscriptions/cancel-subscription.ts'
import { type CreateSubscription, createSubscription } from './subscriptions/create-subscription.ts'
import { getSubscription } from './subscriptions/get-subscription.ts'
import { type ListSubscriptions, listSubscriptions } from './subscriptions/list-subscriptions.ts'
import { type ResumeSubscription, resumeSubscription } from './subscriptions/resume-subscription.ts'
import { type UpdateSubscription, updateSubscription } from './subscriptions/update-subscription.ts'
import { type EraseUser, eraseUser } from './users/erase-user.ts'
import { finishErasures } from './users/finish-erasures.ts'
import { getWebhookEvent } from './webhooks/get-webhook-event.ts'
import { type ListWebhookEvents, listWebhookEvents } from './webhooks/list-webhook-events.ts'
import { receiveWebhook } from './webhooks/receive-webhook.ts'
import { replayWebhookEvent } from './webhooks/replay-webhook-event.ts'
import { retryWebhooks } from './webhooks/retry-webhooks.ts'

/** What Florin runs on. */
export interface FlorinOptions {
  readonly storage: Storage
  /** A replica of it, which may lag: asked by what only shows objects (`get`, `list`), and by nothing that decides. */
  readonly readStorage?: Pick<Storage, 'load'> | undefined
  /** Lets go of what is old, over the same rows; `maintenance.prune` needs it. */
  readonly retention?: Retention
  readonly gateway: PaymentGateway
  /** Encrypts private columns before they reach the storage. */
  readonly cipher: Cipher
  /** Time, randomness and waiting; the system's own where absent. */
  readonly runtime?: Runtime
  /** Is told what happens, for metrics and logs. */
  readonly observer?: Observer
  /** Keeps calls under the gateway's limits, e.g. `memoryCallBudget`. Absent: only what reads whole lists is held back. */
  readonly callBudget?: CallBudget | undefined
  readonly settings?: Partial<Settings>
}

export type Florin = ReturnType<typeof createFlorin>

/**
 * Binds Florin's use cases to a storage, a gateway and a cipher.
 *
 * Every use case takes who asks: the host authenticates, Florin permits. Those that change something also take an
 * idempotency key, and answer `{ data, operationId, replayed }`.
 */
export function createFlorin({
  storage,
  readStorage,
  retention,
  gateway,
  cipher,
  runtime = systemRuntime,
  observer = { tell: () => undefined },
  callBudget,
  settings,
}: FlorinOptions) {
  const inShare = (share: CallShare) => budgetedGateway({ gateway, budget: callBudget, share, runtime, observer })
  const newId = idMaker(runtime)
  const keys = keyStore(storage, cipher, { runtime, newId })
  const deps: Deps = {
    storage: sealedStorage(storage, keys, runtime),
    gateway: inShare('interactive'),
    isErased: keys.isErased,
    digest: (text) => cipher.digest(text),
    runtime,
    newId,
    observer,
    installed: {},
    settings: { ...defaultSettings, ...settings },
  }
  const shown: Deps = readStorage
    ? { ...deps, storage: sealedStorage(replicaReads(readStorage, storage, runtime), keys, runtime) }
    : deps
  const recovery: Deps = { ...deps, gateway: inShare('recovery') }
  const background: Deps = { ...deps, gateway: inShare('background') }
  const handlers = eventHandlers()
  const ring = { storage, cipher, runtime, newId }
  return {
    /**
     * Registers a handler of domain events, of one type or of all (`'*'`); answers how to take it away again. Handlers are
     * called by `maintenance.dispatch`, at least once for each event: they must know an `event.id` that they had.
     *
     * @example
     * florin.on('payment.succeeded', (event) => ship(event.data.reference, { onlyOnceFor: event.id }))
     */
    on: <Type extends HeardType>(type: Type, handler: EventHandler<Type>) => handlers.on(type, handler),
    payments: {
      create: (input: CreatePayment, caller: Caller) => createPayment(deps, input, caller),
      confirm: (input: ConfirmPayment, caller: Caller) => confirmPayment(deps, input, caller),
      capture: (input: CapturePayment, caller: Caller) => capturePayment(deps, input, caller),
      cancel: (input: CancelPayment, caller: Caller) => cancelPayment(deps, input, caller),
      get: (id: string, actor: Actor) => getPayment(shown, id, actor),
      list: (input: ListPayments, actor: Actor) => listPayments(shown, input, actor),
    },
    refunds: {
      create: (input: CreateRefund, caller: Caller) => createRefund(deps, input, caller),
      get: (id: string, actor: Actor) => getRefund(shown, id, actor),
      list: (input: ListRefunds, actor: Actor) => listRefunds(shown, input, actor),
    },
    disputes: {
      get: (id: string, actor: Actor) => getDispute(shown, id, actor),
      list: (input: ListDisputes, actor: Actor) => listDisputes(shown, input, actor),
    },
    paymentMethods: {
      attach: (input: AttachPaymentMethod, caller: Caller) => attachPaymentMethod(deps, input, caller),
      setUp: (input: SetUpPaymentMethod, caller: Caller) => setUpPaymentMethod(deps, input, caller),
      setDefault: (input: SetDefaultPaymentMethod, caller: Caller) => setDefaultPaymentMethod(deps, input, caller),
      detach: (input: DetachPaymentMethod, caller: Caller) => detachPaymentMethod(deps, input, caller),
      list: (input: ListPaymentMethods, actor: Actor) => listPaymentMethods(shown, input, actor),
    },
    subscriptions: {
      create: (input: CreateSubscription, caller: Caller) => createSubscription(deps, input, caller),
      update: (input: UpdateSubscription, caller: Caller) => updateSubscription(deps, input, caller),
      resume: (input: ResumeSubscription, caller: Caller) => resumeSubscription(deps, input, caller),
      cancel: (input: CancelSubscription, caller: Caller) => cancelSubscription(deps, input, caller),
      get: (id: string, actor: Actor) => getSubscription(shown, id, actor),
      list: (input: ListSubscriptions, actor: Actor) => listSubscriptions(shown, input, actor),
    },
    invoices: {
      get: (id: string, actor: Actor) => getInvoice(shown, id, actor),
      list: (input: ListInvoices, actor: Actor) => listInvoices(shown, input, actor),
      listBySubscription: (input: ListSubscriptionInvoices, actor: Actor) =>
        listSubscriptionInvoices(shown, input, actor),
    },
    checkoutSessions: {
      create: (input: CreateCheckoutSession, caller: Caller) => createCheckoutSession(deps, input, caller),
    },
    billingPortalSessions: {
      create: (input: CreateBillingPortalSession, caller: Caller) => createBillingPortalSession(deps, input, caller),
    },
    /** What keeps everything true in the background; `florin serve` runs these in a loop. */
    maintenance: {
      bindAccount: () => bindAccount(background),
      recover: (options?: { limit?: number }) => recoverOperations(recovery, options),
      refresh: (options?: { limit?: number }) => refreshRows(background, options),
      refundDuplicates: (options?: { limit?: number }) => refundDuplicates(background, options),
      retryWebhooks: (options?: { limit?: number }) => retryWebhooks(background, options),
      reconcile: (options?: ReconcileOptions) => reconcileEvents(background, options),
      importAccount: (options?: ImportAccount) => importAccount(background, options),
      findDrift: (options: FindDrift) => findDrift(background, options),
      repairDrift: (options: RepairDrift) => repairDrift(background, options),
      /** Goes on with the erasures of users whose time has come. */
      erase: (options?: { limit?: number }) => finishErasures(background, options),
      prune: (options?: { limit?: number }) => prune(deps, retention, options),
      dispatch: (options?: { limit?: number }) => dispatchEvents(deps, handlers, options),
    },
    /** The keys that everything private is sealed under. For whoever holds the ring: no actor is asked for. */
    keys: {
      rotate: (options?: RotateKeys) => rotateKeys(ring, options),
      verify: (options?: VerifyKeys) => verifyKeys(ring, options),
    },
    users: {
      erase: (input: EraseUser, caller: Pick<Caller, 'actor' | 'requestId'>) => eraseUser(deps, input, caller),
    },
    events: {
      list: (input: ListEvents, actor: Actor) => listEvents(deps, input, actor),
      retry: (id: string, actor: Actor) => retryEvent(deps, id, actor),
    },
    audit: {
      list: (input: ListAuditEntries, actor: Actor) => listAuditEntries(deps, input, actor),
    },
    webhooks: {
      receive: (body: string, signature: string | undefined) => receiveWebhook(deps, body, signature),
      get: (id: string, actor: Actor) => getWebhookEvent(deps, id, actor),
      list: (input: ListWebhookEvents, actor: Actor) => listWebhookEvents(deps, input, actor),
      replay: (id: string, caller: Pick<Caller, 'actor' | 'requestId'>) => replayWebhookEvent(deps, id, caller),
    },
  }
}
