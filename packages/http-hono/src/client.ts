/**
 * A typed client of Florin's HTTP API. It runs wherever there is a `fetch`: browsers, Node, Deno, Bun, Workers.
 *
 * @module
 */
import { type ClientRequest, type FlorinClientOptions, transport } from './client-transport.ts'
import type { AuditEntryBody } from './wire/audit-entry.ts'
import type { BillingPortalSessionBody, CreateBillingPortalSessionBody } from './wire/billing-portal-session.ts'
import type { CheckoutSessionBody, CreateCheckoutSessionBody } from './wire/checkout-session.ts'
import type { PageBody } from './wire/common.ts'
import type { DisputeBody } from './wire/dispute.ts'
import type { InvoiceBody } from './wire/invoice.ts'
import type {
  CancelPaymentBody,
  CapturePaymentBody,
  ConfirmPaymentBody,
  CreatePaymentBody,
  PaymentBody,
} from './wire/payment.ts'
import type {
  AttachPaymentMethodBody,
  PaymentMethodBody,
  SetUpPaymentMethodBody,
  SetupIntentBody,
} from './wire/payment-method.ts'
import type { CreateRefundBody, RefundBody } from './wire/refund.ts'
import type { CreateSubscriptionBody, SubscriptionBody, UpdateSubscriptionBody } from './wire/subscription.ts'
import type { WebhookEventBody } from './wire/webhook-event.ts'

export { FlorinApiError, type FlorinClientOptions } from './client-transport.ts'
export type { AuditEntryBody } from './wire/audit-entry.ts'
export type { BillingPortalSessionBody, CreateBillingPortalSessionBody } from './wire/billing-portal-session.ts'
export type { CheckoutSessionBody, CreateCheckoutSessionBody } from './wire/checkout-session.ts'
export type { PageBody } from './wire/common.ts'
export type { DisputeBody } from './wire/dispute.ts'
export type { InvoiceBody } from './wire/invoice.ts'
export type {
  CancelPaymentBody,
  CapturePaymentBody,
  ConfirmPaymentBody,
  CreatePaymentBody,
  PaymentBody,
} from './wire/payment.ts'
export type {
  AttachPaymentMethodBody,
  PaymentMethodBody,
  SetUpPaymentMethodBody,
  SetupIntentBody,
} from './wire/payment-method.ts'
export type { Problem } from './wire/problem.ts'
export type { CreateRefundBody, RefundBody } from './wire/refund.ts'
export type { CreateSubscriptionBody, SubscriptionBody, UpdateSubscriptionBody } from './wire/subscription.ts'
export type { WebhookEventBody } from './wire/webhook-event.ts'

/** How to make a change. */
export interface ChangeOptions {
  /**
   * Your own name for this change. The same key is done once, also by another process after a crash. Absent: one is
   * made, which covers this call's own retries.
   */
  readonly idempotencyKey?: string
}

export interface PageOptions {
  readonly limit?: number
  /** The `next_cursor` of the page before. */
  readonly cursor?: string
}

export interface WebhookEventFilter extends PageOptions {
  readonly status?: WebhookEventBody['status']
  /** Goes with the status `failed` or `ignored`. */
  readonly type?: string
}

export type FlorinClient = ReturnType<typeof createFlorinClient>

/**
 * Makes a client. Every method resolves with what the API answers, in its own snake_case, and throws a
 * `FlorinApiError` with the problem otherwise; a declined payment is one, with code `card_declined` and the payment.
 */
export function createFlorinClient(options: FlorinClientOptions) {
  const send = transport(options)
  const get = <Answer>(path: string, query: ClientRequest['query'] = {}) => send<Answer>({ method: 'GET', path, query })
  const page = <Item>(path: string, { limit, cursor }: PageOptions = {}) => get<PageBody<Item>>(path, { limit, cursor })
  const change =
    (method: 'POST' | 'PATCH' | 'DELETE') =>
    <Answer>(path: string, { idempotencyKey }: ChangeOptions = {}, body?: object, query?: ClientRequest['query']) =>
      send<Answer>({
        ...{ method, path, idempotencyKey: idempotencyKey ?? newKey() },
        ...(body && { body }),
        ...(query && { query }),
      })
  const post = change('POST')
  const patch = change('PATCH')
  const remove = change('DELETE')
  const of = encodeURIComponent

  return {
    payments: {
      create: (body: CreatePaymentBody, how?: ChangeOptions) => post<PaymentBody>('/payments', how, body),
      get: (id: string) => get<PaymentBody>(`/payments/${of(id)}`),
      list: (userId: string, place?: PageOptions) => page<PaymentBody>(`/users/${of(userId)}/payments`, place),
      confirm: (id: string, body: ConfirmPaymentBody, how?: ChangeOptions) =>
        post<PaymentBody>(`/payments/${of(id)}/confirm`, how, body),
      capture: (id: string, body: CapturePaymentBody = {}, how?: ChangeOptions) =>
        post<PaymentBody>(`/payments/${of(id)}/capture`, how, body),
      cancel: (id: string, body: CancelPaymentBody = {}, how?: ChangeOptions) =>
        post<PaymentBody>(`/payments/${of(id)}/cancel`, how, body),
    },
    refunds: {
      create: (body: CreateRefundBody, how?: ChangeOptions) => post<RefundBody>('/refunds', how, body),
      get: (id: string) => get<RefundBody>(`/refunds/${of(id)}`),
      list: (paymentId: string, place?: PageOptions) => page<RefundBody>(`/payments/${of(paymentId)}/refunds`, place),
    },
    disputes: {
      get: (id: string) => get<DisputeBody>(`/disputes/${of(id)}`),
      list: (paymentId: string, place?: PageOptions) => page<DisputeBody>(`/payments/${of(paymentId)}/disputes`, place),
    },
    paymentMethods: {
      attach: (body: AttachPaymentMethodBody, how?: ChangeOptions) =>
        post<PaymentMethodBody>('/payment-methods', how, body),
      setUp: (body: SetUpPaymentMethodBody, how?: ChangeOptions) =>
        post<SetupIntentBody>('/payment-methods/setup', how, body),
      setDefault: (id: string, how?: ChangeOptions) =>
        post<PaymentMethodBody>(`/payment-methods/${of(id)}/default`, how),
      remove: (id: string, how?: ChangeOptions) => remove<void>(`/payment-methods/${of(id)}`, how),
      list: (userId: string, place?: PageOptions) =>
        page<PaymentMethodBody>(`/users/${of(userId)}/payment-methods`, place),
    },
    subscriptions: {
      create: (body: CreateSubscriptionBody, how?: ChangeOptions) =>
        post<SubscriptionBody>('/subscriptions', how, body),
      get: (id: string) => get<SubscriptionBody>(`/subscriptions/${of(id)}`),
      list: (userId: string, place?: PageOptions) =>
        page<SubscriptionBody>(`/users/${of(userId)}/subscriptions`, place),
      update: (id: string, body: UpdateSubscriptionBody, how?: ChangeOptions) =>
        patch<SubscriptionBody>(`/subscriptions/${of(id)}`, how, body),
      resume: (id: string, how?: ChangeOptions) => post<SubscriptionBody>(`/subscriptions/${of(id)}/resume`, how),
      cancel: (id: string, { atPeriodEnd, ...how }: ChangeOptions & { readonly atPeriodEnd?: boolean } = {}) =>
        remove<SubscriptionBody>(`/subscriptions/${of(id)}`, how, undefined, { at_period_end: atPeriodEnd }),
    },
    checkoutSessions: {
      create: (body: CreateCheckoutSessionBody, how?: ChangeOptions) =>
        post<CheckoutSessionBody>('/checkout-sessions', how, body),
    },
    billingPortalSessions: {
      create: (body: CreateBillingPortalSessionBody, how?: ChangeOptions) =>
        post<BillingPortalSessionBody>('/billing-portal-sessions', how, body),
    },
    invoices: {
      get: (id: string) => get<InvoiceBody>(`/invoices/${of(id)}`),
      list: (userId: string, place?: PageOptions) => page<InvoiceBody>(`/users/${of(userId)}/invoices`, place),
      listBySubscription: (id: string, place?: PageOptions) =>
        page<InvoiceBody>(`/subscriptions/${of(id)}/invoices`, place),
    },
    auditLog: {
      list: ({ objectId, ...place }: PageOptions & { readonly objectId?: string } = {}) =>
        get<PageBody<AuditEntryBody>>('/audit-log', { ...place, object_id: objectId }),
    },
    webhookEvents: {
      list: (filter: WebhookEventFilter = {}) => get<PageBody<WebhookEventBody>>('/webhook-events', { ...filter }),
      get: (id: string) => get<WebhookEventBody>(`/webhook-events/${of(id)}`),
      replay: (id: string) => send<WebhookEventBody>({ method: 'POST', path: `/webhook-events/${of(id)}/replay` }),
    },
  }
}

// Not crypto.randomUUID: browsers have it in secure contexts only.
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
