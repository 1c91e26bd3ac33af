import type Stripe from 'stripe'

/** The words of a union of Stripe's, without the "any other text" that keeps it open. */
type KnownWord<T extends string> = T extends string ? (string extends T ? never : T) : never

/**
 * The codes of stripe-node's types, one that they lack although Stripe answers it, and one that only the sandbox has. Any
 * other does not compile.
 */
export type ErrorCode =
  | KnownWord<Stripe.PaymentIntent.LastPaymentError.Code>
  | 'subscription_payment_intent_requires_action'
  | 'sandbox_unsupported'

/** The `error` object of an answer, in Stripe's words. */
export interface StripeErrorBody {
  readonly type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error'
  readonly message: string
  readonly code?: ErrorCode
  readonly param?: string
  readonly [extra: string]: unknown
}

/** What a failure does besides answering. */
export interface FailureRules {
  /** Keep what the handler has changed. True for declines: the PaymentIntent of a 402 exists. */
  readonly keepsEffects: boolean
  /** Replay this answer when the idempotency key comes again. False where Stripe has not begun to execute. */
  readonly saved: boolean
  readonly headers: Readonly<Record<string, string>>
}

/** An answer of Stripe that is not 2xx. Handlers throw it; the exchange renders it. */
export class StripeFailure extends Error {
  readonly status: number
  readonly body: StripeErrorBody
  readonly rules: FailureRules

  constructor(status: number, body: StripeErrorBody, rules: Partial<FailureRules> = {}) {
    super(body.message)
    this.name = 'StripeFailure'
    this.status = status
    // Stripe's documentation does not know what only the sandbox says.
    const documented = body.code !== undefined && body.code !== 'sandbox_unsupported'
    this.body = documented ? { ...body, doc_url: docUrl(body.code) } : body
    this.rules = { keepsEffects: false, saved: true, headers: {}, ...rules }
  }
}

const docUrl = (code: string): string => `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`

/** 400 `invalid_request_error`: the request can never work as it was sent, or the object's state says no. */
export function invalidRequest(
  message: string,
  details: { code?: ErrorCode; param?: string; saved?: boolean; [extra: string]: unknown } = {},
): StripeFailure {
  const { saved = true, ...body } = details
  return new StripeFailure(400, { type: 'invalid_request_error', message, ...body }, { saved })
}

/** A parameter that does not fit its schema. Not saved under the idempotency key, since nothing was executed. */
export function invalidParam(message: string, param: string, code?: ErrorCode): StripeFailure {
  return invalidRequest(message, { param, saved: false, ...(code === undefined ? {} : { code }) })
}

/** What Stripe can do and the sandbox cannot. Refused loudly: passing it over would be a lie. */
export function notImitated(what: string, param?: string): StripeFailure {
  return invalidRequest(
    `The sandbox does not imitate ${what}. The README of @florin/stripe-sandbox lists what it does.`,
    {
      code: 'sandbox_unsupported',
      saved: false,
      ...(param === undefined ? {} : { param }),
    },
  )
}

/** An id that names nothing: 404 when it stands in the path, 400 when it came as a parameter. */
export function resourceMissing(what: string, id: string, where: { path?: string; param?: string }): StripeFailure {
  const param = where.path ?? where.param ?? 'id'
  return new StripeFailure(where.path === undefined ? 400 : 404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${what}: '${id}'`,
    param,
  })
}

/** 402 `card_error`. What happened before it stays: the intent exists and carries the error. */
export function cardError(
  details: { message: string; code: ErrorCode; [extra: string]: unknown },
  rules: { keepsEffects: boolean } = { keepsEffects: true },
): StripeFailure {
  return new StripeFailure(402, { type: 'card_error', ...details }, { ...rules, saved: true })
}
