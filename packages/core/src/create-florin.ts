import { bindAccount } from './accounts/bind-account.ts'
import type { Actor } from './actor.ts'
import type { Audit } from './audit/audit.ts'
import { listAuditEntries } from './audit/list-audit-entries.ts'
import type { BillingPortalSessions } from './billing-portal-sessions/billing-portal-sessions.ts'
import { createBillingPortalSession } from './billing-portal-sessions/create-billing-portal-session.ts'
import { budgetedGateway } from './budgeted-gateway.ts'
import { checkSettings, type GivenSettings } from './check-settings.ts'
import type { CheckoutSessions } from './checkout-sessions/checkout-sessions.ts'
import { createCheckoutSession } from './checkout-sessions/create-checkout-session.ts'
import { keyStore } from './data-keys/key-store.ts'
import type { Keys } from './data-keys/keys.ts'
import { rotateKeys } from './data-keys/rotate-keys.ts'
import { verifyKeys } from './data-keys/verify-keys.ts'
import { refundDuplicates } from './debts/refund-duplicates.ts'
import type { Deps } from './deps.ts'
import type { Disputes } from './disputes/disputes.ts'
import { getDispute } from './disputes/get-dispute.ts'
import { listDisputes } from './disputes/list-disputes.ts'
import { dispatchEvents } from './events/dispatch-events.ts'
import { type EventHandler, eventHandlers, type HeardType } from './events/event-handlers.ts'
import type { Events } from './events/events.ts'
import { listEvents } from './events/list-events.ts'
import { retryEvent } from './events/retry-event.ts'
import { idMaker } from './ids.ts'
import { getInvoice } from './invoices/get-invoice.ts'
import type { Invoices } from './invoices/invoices.ts'
import { listInvoices } from './invoices/list-invoices.ts'
import { listSubscriptionInvoices } from './invoices/list-subscription-invoices.ts'
import type { Maintenance } from './maintenance.ts'
import { refreshRows } from './observations/refresh-rows.ts'
import { checkingActor, checkingCaller } from './operations/check-caller.ts'
import { recoverOperations } from './operations/recover-operations.ts'
import type { Caller } from './operations/use-case.ts'
import { attachPaymentMethod } from './payment-methods/attach-payment-method.ts'
import { detachPaymentMethod } from './payment-methods/detach-payment-method.ts'
import { listPaymentMethods } from './payment-methods/list-payment-methods.ts'
import type { PaymentMethods } from './payment-methods/payment-methods.ts'
import { setDefaultPaymentMethod } from './payment-methods/set-default-payment-method.ts'
import { setUpPaymentMethod } from './payment-methods/set-up-payment-method.ts'
import { cancelPayment } from './payments/cancel-payment.ts'
import { capturePayment } from './payments/capture-payment.ts'
import { confirmPayment } from './payments/confirm-payment.ts'
import { createPayment } from './payments/create-payment.ts'
import { getPayment } from './payments/get-payment.ts'
import { listPayments } from './payments/list-payments.ts'
import type { Payments } from './payments/payments.ts'
import type { CallBudget, CallShare } from './ports/call-budget.ts'
import type { Cipher } from './ports/cipher.ts'
import type { PaymentGateway } from './ports/gateway.ts'
import type { Retention } from './ports/retention.ts'
import type { Observer, Runtime } from './ports/runtime.ts'
import type { Storage } from './ports/storage.ts'
import { findDrift } from './reconcile/find-drift.ts'
import { importAccount } from './reconcile/import-account.ts'
import { reconcileEvents } from './reconcile/reconcile-events.ts'
import { repairDrift } from './reconcile/repair-drift.ts'
import { createRefund } from './refunds/create-refund.ts'
import { getRefund } from './refunds/get-refund.ts'
import { listRefunds } from './refunds/list-refunds.ts'
import type { Refunds } from './refunds/refunds.ts'
import { replicaReads } from './replica-reads.ts'
import { prune } from './retention/prune.ts'
import { systemRuntime } from './runtime.ts'
import { sealedStorage } from './sealed-storage.ts'
import { cancelSubscription } from './subscriptions/cancel-subscription.ts'
import { createSubscription } from './subscriptions/create-subscription.ts'
import { getSubscription } from './subscriptions/get-subscription.ts'
import { listSubscriptions } from './subscriptions/list-subscriptions.ts'
import { resumeSubscription } from './subscriptions/resume-subscription.ts'
import type { Subscriptions } from './subscriptions/subscriptions.ts'
import { updateSubscription } from './subscriptions/update-subscription.ts'
import { eraseUser } from './users/erase-user.ts'
import { finishErasures } from './users/finish-erasures.ts'
import type { Users } from './users/users.ts'
import { getWebhookEvent } from './webhooks/get-webhook-event.ts'
import { listWebhookEvents } from './webhooks/list-webhook-events.ts'
import { receiveWebhook } from './webhooks/receive-webhook.ts'
import { replayWebhookEvent } from './webhooks/replay-webhook-event.ts'
import { retryWebhooks } from './webhooks/retry-webhooks.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

/** What Florin runs on. */
export interface FlorinOptions {
  readonly storage: Storage
  /** A replica of it, which may lag: asked by what only shows objects (`get`, `list`), and by nothing that decides. */
  readonly readStorage?: Pick<Storage, 'load'> | undefined
  /** Lets go of what is old, over the same rows; `maintenance.prune` needs it. */
  readonly retention?: Retention | undefined
  readonly gateway: PaymentGateway
  /** Encrypts private columns before they reach the storage. */
  readonly cipher: Cipher
  /** Time, randomness and waiting; the system's own where absent. */
  readonly runtime?: Runtime | undefined
  /** Is told what happens, for metrics and logs. What it throws is not heard. */
  readonly observer?: Observer | undefined
  /** Keeps calls under the gateway's limits, e.g. `memoryCallBudget`. Absent: only what reads whole lists is held back. */
  readonly callBudget?: CallBudget | undefined
  /** Rules of this deployment; what is absent or `undefined` has its default. */
  readonly settings?: GivenSettings | undefined
}

/**
 * Florin's use cases, by noun.
 *
 * Their methods take who asks: the host authenticates, Florin permits. Those that change something take an idempotency
 * key besides, and answer `{ data, operationId, replayed }`: the same key with the same input gets the same answer.
 * Objects are addressed by Florin's ids or Stripe's, sums are whole numbers of the currency's smallest unit. Lists are
 * newest first, 10 to a page where no `limit` (at most 100) is given; a page's `nextCursor` is the next one's `cursor`.
 *
 * What is thrown is a `FlorinError`, told by `isFlorinError`: its `kind` says what to do, its `code` what happened.
 * Whatever takes a key can also throw `idempotency_key_reused`, for a key that came with another input before, and
 * whatever takes a caller or an actor `input_invalid`, for one that does not say who asks or has a field of another name.
 */
export interface Florin {
  /**
   * Registers a handler of domain events, of one type or of all (`'*'`); answers how to take it away again. Handlers
   * are called by `maintenance.dispatch`, at least once for each event: they must know an `event.id` that they had.
   *
   * @example
   * florin.on('payment.succeeded', (event) => ship(event.data.reference, { onlyOnceFor: event.id }))
   */
  on<Type extends HeardType>(type: Type, handler: EventHandler<Type>): () => void
  /** Takes payments, tries them again, captures and cancels them. */
  readonly payments: Payments
  /** Gives payments back, in whole or in part. */
  readonly refunds: Refunds
  /** Shows the disputes of payments. */
  readonly disputes: Disputes
  /** Keeps the cards and other methods that users pay with. */
  readonly paymentMethods: PaymentMethods
  /** Subscribes users to prices, and changes and ends that. */
  readonly subscriptions: Subscriptions
  /** Shows invoices. */
  readonly invoices: Invoices
  /** Opens pages of Stripe's on which users pay, subscribe or save a card. */
  readonly checkoutSessions: CheckoutSessions
  /** Opens Stripe's customer portal. */
  readonly billingPortalSessions: BillingPortalSessions
  /** Keeps everything true in the background: recovers, refreshes, catches up, tells handlers, prunes. */
  readonly maintenance: Maintenance
  /** Rotates and verifies the keys that everything private is sealed under. */
  readonly keys: Keys
  /** Erases users. */
  readonly users: Users
  /** Shows domain events that were not delivered, and retries them. */
  readonly events: Events
  /** Shows who did what. */
  readonly audit: Audit
  /** Takes Stripe's webhooks, shows what became of them, and replays them. */
  readonly webhooks: Webhooks
}

type UseCaseOf<Input, By, Answer> = (deps: Deps, input: Input, by: By) => Promise<Answer>

/** What an observer throws, now or later, is its own affair: what happened has happened, and may have moved money. */
const unheard = (observer: Observer | undefined): Observer => ({
  tell(happening) {
    const telling = async () => observer?.tell(happening)
    telling().catch(() => undefined)
  },
})

/**
 * Binds Florin's use cases to a storage, a gateway and a cipher. Any number of processes may do so over one storage.
 *
 * @example
 * const florin = createFlorin({
 *   storage: postgresStorage({ database: fromPool(pool) }),
 *   gateway: stripeGateway({ stripe: stripeClient({ secretKey }), webhookSecrets }),
 *   cipher: nodeCipher({ current: { id: '2026', bytes: key } }),
 * })
 *
 * @throws `invalid` input_invalid with every setting that is wrong
 */
export function createFlorin({
  storage,
  readStorage,
  retention,
  gateway,
  cipher,
  runtime = systemRuntime,
  observer: told,
  callBudget,
  settings,
}: FlorinOptions): Florin {
  const observer = unheard(told)
  const inShare = (share: CallShare) => budgetedGateway({ gateway, budget: callBudget, share, runtime, observer })
  const newId = idMaker(runtime)
  const keys = keyStore(storage, cipher, { runtime, newId })
  const deps: Deps = {
    storage: sealedStorage(storage, keys, runtime, observer),
    stored: storage,
    gateway: inShare('interactive'),
    isErased: keys.isErased,
    digest: (text) => cipher.digest(text),
    runtime,
    newId,
    observer,
    installed: {},
    settings: checkSettings(settings, gateway.livemode),
  }
  // What a lagging replica tells of keys is not to be learned: decisions go by them.
  const keysOfPrimary = { ...keys, ahead: () => [] }
  const shown: Deps = readStorage
    ? { ...deps, storage: sealedStorage(replicaReads(readStorage, storage, runtime), keysOfPrimary, runtime) }
    : deps
  const recovery: Deps = { ...deps, gateway: inShare('recovery') }
  const background: Deps = { ...deps, gateway: inShare('background') }
  const handlers = eventHandlers()
  const ring = { storage, cipher, runtime, newId }
  const changes = <Input, By extends Pick<Caller, 'actor'>, Answer>(useCase: UseCaseOf<Input, By, Answer>) =>
    checkingCaller((input: Input, caller: By) => useCase(deps, input, caller))
  const shows = <Input, Answer>(useCase: UseCaseOf<Input, Actor, Answer>, from = shown) =>
    checkingActor((input: Input, actor) => useCase(from, input, actor))
  return {
    on: (type, handler) => handlers.on(type, handler),
    payments: {
      create: changes(createPayment),
      confirm: changes(confirmPayment),
      capture: changes(capturePayment),
      cancel: changes(cancelPayment),
      get: shows(getPayment),
      list: shows(listPayments),
    },
    refunds: {
      create: changes(createRefund),
      get: shows(getRefund),
      list: shows(listRefunds),
    },
    disputes: {
      get: shows(getDispute),
      list: shows(listDisputes),
    },
    paymentMethods: {
      attach: changes(attachPaymentMethod),
      setUp: changes(setUpPaymentMethod),
      setDefault: changes(setDefaultPaymentMethod),
      detach: changes(detachPaymentMethod),
      list: shows(listPaymentMethods),
    },
    subscriptions: {
      create: changes(createSubscription),
      update: changes(updateSubscription),
      resume: changes(resumeSubscription),
      cancel: changes(cancelSubscription),
      get: shows(getSubscription),
      list: shows(listSubscriptions),
    },
    invoices: {
      get: shows(getInvoice),
      list: shows(listInvoices),
      listBySubscription: shows(listSubscriptionInvoices),
    },
    checkoutSessions: {
      create: changes(createCheckoutSession),
    },
    billingPortalSessions: {
      create: changes(createBillingPortalSession),
    },
    maintenance: {
      bindAccount: () => bindAccount(background),
      recover: (options) => recoverOperations(recovery, options),
      refresh: (options) => refreshRows(background, options),
      refundDuplicates: (options) => refundDuplicates(background, options),
      retryWebhooks: (options) => retryWebhooks(background, options),
      reconcile: (options) => reconcileEvents(background, options),
      importAccount: (options) => importAccount(background, options),
      findDrift: (options) => findDrift(background, options),
      repairDrift: (options) => repairDrift(background, options),
      erase: (options) => finishErasures(background, options),
      prune: (options) => prune(deps, retention, options),
      dispatch: (options) => dispatchEvents(deps, handlers, options),
    },
    keys: {
      rotate: (options) => rotateKeys(ring, options),
      verify: (options) => verifyKeys(ring, options),
    },
    users: {
      erase: changes(eraseUser),
    },
    events: {
      list: shows(listEvents, deps),
      retry: shows(retryEvent, deps),
    },
    audit: {
      list: shows(listAuditEntries, deps),
    },
    webhooks: {
      receive: (body, signature) => receiveWebhook(deps, body, signature),
      get: shows(getWebhookEvent, deps),
      list: shows(listWebhookEvents, deps),
      replay: changes(replayWebhookEvent),
    },
  }
}
