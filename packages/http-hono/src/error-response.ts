import { type ErrorCode, type FieldError, type FlorinError, isFlorinError, maskCardNumbers } from '@florin/core'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { answerJson } from './answer.ts'
import { HttpError, type HttpErrorCode } from './http-error.ts'
import type { Logger } from './logger.ts'
import { snakePath } from './naming.ts'
import type { HttpContext } from './request-state.ts'
import type { Problem } from './wire/problem.ts'

/** The only table from error codes to HTTP. A new code does not compile until it has its status here. */
export const statusOf = {
  body_malformed: 400,
  card_number_refused: 400,
  idempotency_key_missing: 400,
  webhook_signature_invalid: 400,
  webhook_payload_invalid: 400,
  unauthenticated: 401,
  payment_method_declined: 402,
  forbidden: 403,
  route_not_found: 404,
  payment_not_found: 404,
  payment_method_not_found: 404,
  subscription_not_found: 404,
  invoice_not_found: 404,
  refund_not_found: 404,
  dispute_not_found: 404,
  event_not_found: 404,
  webhook_event_not_found: 404,
  user_not_found: 404,
  method_not_allowed: 405,
  operation_in_progress: 409,
  reference_already_claimed: 409,
  payment_not_confirmable: 409,
  payment_not_capturable: 409,
  payment_not_cancelable: 409,
  payment_not_refundable: 409,
  user_erased: 409,
  user_has_subscriptions: 409,
  refund_exceeds_captured: 409,
  capture_exceeds_authorized: 409,
  subscription_not_updatable: 409,
  subscription_not_resumable: 409,
  subscription_already_canceled: 409,
  payment_method_unusable: 409,
  event_not_retryable: 409,
  webhook_event_not_replayable: 409,
  gateway_refused: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  input_invalid: 422,
  idempotency_key_reused: 422,
  rate_limited: 429,
  invariant_broken: 500,
  authentication_unavailable: 503,
  storage_unavailable: 503,
  gateway_unavailable: 503,
  overloaded: 503,
  webhook_event_not_applied: 503,
  gateway_outcome_unknown: 504,
} as const satisfies Record<ErrorCode | HttpErrorCode, ContentfulStatusCode>

export type ProblemCode = keyof typeof statusOf

/** Seconds after which trying again makes sense, for codes where it does. State conflicts do not pass by waiting. */
const retryAfter: Partial<Record<ProblemCode, number>> = {
  operation_in_progress: 1,
  authentication_unavailable: 2,
  storage_unavailable: 2,
  gateway_unavailable: 2,
  overloaded: 2,
  gateway_outcome_unknown: 5,
}

/** What an adapter says may name hosts and ports, so callers get these words instead; the log has the rest. */
const publicDetail: Partial<Record<ProblemCode, string>> = {
  invariant_broken: 'Something broke on our side. Please report it with the request_id.',
  storage_unavailable: 'The database did not answer. Send the same request again, with the same Idempotency-Key.',
  gateway_unavailable: 'The payment gateway could not be reached. Send the same request again.',
  overloaded: 'Too many requests at once. Send the same request again, with the same Idempotency-Key.',
}

/** `card_declined` → `Card declined`. */
export function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** A problem with the fields that every one has. `urn:` and not `https:`: nobody should fetch it. */
export function problemOf(c: HttpContext, code: string, status: number, detail: string): Problem {
  const type = `urn:florin:error:${code}`
  return { type, title: titleOf(code), status, detail, code, request_id: c.get('florin').requestId }
}

/** Answers a problem+json (RFC 9457). */
export function answerProblem(c: HttpContext, problem: Problem, status: ContentfulStatusCode): Response {
  c.get('florin').problem = problem.code
  return answerJson(c, status, problem, 'application/problem+json')
}

/**
 * Turns whatever a request threw into its answer. The one place where errors end: routes never catch, so that nothing
 * is softened on the way.
 */
export function errorResponse(c: HttpContext, error: unknown, logger: Logger | undefined): Response {
  const state = c.get('florin')
  const { headers, requestId, route } = state
  const known = error instanceof HttpError || isFlorinError(error)
  // What nobody expected is a defect, whatever it says: its message was not written for callers.
  const code: ProblemCode = known ? error.code : 'invariant_broken'
  const status = statusOf[code]
  if (status >= 500) {
    const level = code === 'invariant_broken' ? 'error' : 'warn'
    logger?.[level]({ request_id: requestId, route, code, err: error }, 'a request could not be answered')
  }
  const challenge = challengeOf(c, code)
  if (challenge !== undefined) headers['WWW-Authenticate'] = challenge
  if (retryAfter[code] !== undefined) headers['Retry-After'] = String(retryAfter[code])
  if (error instanceof HttpError) {
    const { extras } = error
    Object.assign(headers, extras.headers)
    const problem = problemOf(c, code, status, error.message)
    return answerProblem(c, { ...problem, ...(extras.fields && { errors: [...extras.fields] }) }, status)
  }
  if (isFlorinError(error)) {
    state.objectId = error.details.objectId
    state.operationId = error.details.operationId
  }
  const told = isFlorinError(error) && code !== 'invariant_broken' ? error : undefined
  if (told?.details.replayed) headers['Idempotent-Replayed'] = 'true'
  if (told?.details.operationId !== undefined) headers['Florin-Operation'] = told.details.operationId
  const seconds = told?.details.retryAfterSeconds
  if (seconds !== undefined) headers['Retry-After'] = String(seconds)
  const problem = problemOf(c, code, status, detailOf(code, told))
  return answerProblem(c, { ...problem, ...(told && extensionsOf(told)) }, status)
}

/** What RFC 6750 wants to be told of tokens: that one is needed, that it is no good, or that it grants too little. */
function challengeOf(c: HttpContext, code: ProblemCode): string | undefined {
  const bearer = 'Bearer realm="florin"'
  if (code === 'unauthenticated') {
    return c.req.header('authorization') === undefined ? bearer : `${bearer}, error="invalid_token"`
  }
  return code === 'forbidden' && c.get('florin').actor ? `${bearer}, error="insufficient_scope"` : undefined
}

function detailOf(code: ProblemCode, error: FlorinError | undefined): string {
  const fields = error?.details.fields
  if (fields) return listed(inSnakeCase(fields))
  return publicDetail[code] ?? maskCardNumbers(error?.message ?? titleOf(code))
}

/** Core names fields in its own spelling; callers sent them in this API's. */
const inSnakeCase = (fields: readonly FieldError[]) =>
  fields.map(({ field, message }) => ({ field: snakePath(field), message }))

/** What is wrong with which field, in one line. */
export const listed = (fields: readonly FieldError[]) =>
  fields.map(({ field, message }) => `${field}: ${message}`).join('; ')

function extensionsOf({ code, details }: FlorinError): Partial<Problem> {
  const { fields, operationId, objectId, gatewayCode, declineCode } = details
  return {
    ...(fields && { errors: inSnakeCase(fields) }),
    ...(operationId !== undefined && { operation_id: operationId }),
    ...(objectId !== undefined && { object_id: objectId }),
    // `status` is taken by RFC 9457, so the object's own is named after it.
    ...(code === 'gateway_outcome_unknown' && objectId !== undefined && { object_status: 'pending' as const }),
    ...(gatewayCode !== undefined && { gateway_code: gatewayCode }),
    ...(declineCode !== undefined && { decline_code: declineCode }),
  }
}
