/** What the reader of an error should do; see docs/errors.md. */
export type ErrorKind = 'invalid' | 'refused' | 'unavailable' | 'defect'

/** Codes of requests that are wrong as sent. */
export type InvalidCode =
  | 'input_invalid'
  | 'card_number_refused'
  | 'idempotency_key_missing'
  | 'idempotency_key_reused'
  | 'payment_not_found'
  | 'payment_method_not_found'
  | 'subscription_not_found'
  | 'invoice_not_found'
  | 'refund_not_found'
  | 'dispute_not_found'
  | 'event_not_found'
  | 'user_not_found'
  | 'webhook_event_not_found'
  | 'webhook_signature_invalid'
  | 'webhook_payload_invalid'

/** Codes of well-formed requests that a rule, a role or the current state refuses. */
export type RefusedCode =
  | 'unauthenticated'
  | 'forbidden'
  | 'operation_in_progress'
  | 'reference_already_claimed'
  | 'payment_not_confirmable'
  | 'payment_not_capturable'
  | 'payment_not_cancelable'
  | 'payment_not_refundable'
  | 'refund_exceeds_captured'
  | 'capture_exceeds_authorized'
  | 'subscription_not_updatable'
  | 'subscription_not_resumable'
  | 'subscription_already_canceled'
  | 'payment_method_unusable'
  | 'payment_method_declined'
  | 'event_not_retryable'
  | 'webhook_event_not_replayable'
  | 'user_erased'
  | 'user_has_subscriptions'
  | 'gateway_refused'

/** Codes of a store or gateway that gave no answer. */
export type UnavailableCode =
  | 'storage_unavailable'
  | 'gateway_unavailable'
  | 'gateway_outcome_unknown'
  | 'overloaded'
  | 'webhook_event_not_applied'

/** Codes of broken invariants: our fault, always worth a report. */
export type DefectCode = 'invariant_broken'

export type ErrorCode = InvalidCode | RefusedCode | UnavailableCode | DefectCode

/** One thing wrong with one field of the input. */
export interface FieldError {
  /** The field as the caller sent it, e.g. `amount` or `metadata.order`. */
  readonly field: string
  readonly message: string
}

/** What an error tells besides its code. Never a secret, a token, card data or a raw body. */
export interface ErrorDetails {
  readonly fields?: readonly FieldError[]
  readonly operationId?: string
  /** The refusal was stored by an earlier request with the same key. */
  readonly replayed?: boolean
  /** The row that the request made or concerned, so that the caller can read it later. */
  readonly objectId?: string
  /** Stripe's own code, where Stripe refused. */
  readonly gatewayCode?: string
  readonly declineCode?: string
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
}

// A symbol from the registry, so that two copies of this package in one program still know each other's errors.
const brand = Symbol.for('@florin/core/error')

abstract class FlorinErrorBase extends Error {
  abstract readonly kind: ErrorKind
  abstract readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly [brand] = true

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    const { cause: _, ...rest } = details
    this.details = rest
  }
}

/** The request is wrong as sent; sending it again unchanged cannot succeed. */
export class InvalidError extends FlorinErrorBase {
  override readonly name = 'InvalidError'
  readonly kind = 'invalid'
  readonly code: InvalidCode
  constructor(code: InvalidCode, message: string, details?: ErrorDetails) {
    super(message, details)
    this.code = code
  }
}

/** The request is well formed, but a rule, a role or the current state says no. */
export class RefusedError extends FlorinErrorBase {
  override readonly name = 'RefusedError'
  readonly kind = 'refused'
  readonly code: RefusedCode
  constructor(code: RefusedCode, message: string, details?: ErrorDetails) {
    super(message, details)
    this.code = code
  }
}

/**
 * A store or the gateway gave no answer.
 *
 * `not_applied` promises that nothing changed. `unknown` means that the effect may have happened: the operation stays
 * open and the same idempotency key, a webhook or recovery settles it. Never repeat an `unknown` under a new key.
 */
export class UnavailableError extends FlorinErrorBase {
  override readonly name = 'UnavailableError'
  readonly kind = 'unavailable'
  readonly code: UnavailableCode
  readonly outcome: 'not_applied' | 'unknown'
  constructor(code: UnavailableCode, message: string, outcome: 'not_applied' | 'unknown', details?: ErrorDetails) {
    super(message, details)
    this.code = code
    this.outcome = outcome
  }
}

/** One of Florin's own invariants broke. */
export class DefectError extends FlorinErrorBase {
  override readonly name = 'DefectError'
  readonly kind = 'defect'
  readonly code: DefectCode = 'invariant_broken'
}

export type FlorinError = InvalidError | RefusedError | UnavailableError | DefectError

/** Whether a thrown value is one of Florin's errors, also across two installed copies of this package. */
export function isFlorinError(error: unknown): error is FlorinError {
  return typeof error === 'object' && error !== null && brand in error
}

/** Answers the value, or throws a defect where an invariant says that it must be there. */
export function must<T>(value: T | null | undefined, what: string): T {
  if (value === undefined || value === null) throw new DefectError(`missing: ${what}`)
  return value
}
