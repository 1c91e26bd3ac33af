import { z } from 'zod'
import { DefectError, type FlorinError, UnavailableError } from '../errors.ts'
import { maskCardNumbers } from '../input/card-number.ts'
import type { Answer, ObjectRef, PreparedCall } from '../ports/gateway.ts'
import { readHeaders } from './headers.ts'
import { observeObject } from './observe-object.ts'
import { idIn, text, type Wire, wire } from './wire.ts'

// The errors of stripe-node, by what they carry and not by class: two copies of the SDK may be installed.
const shape = z.object({
  type: z.string(),
  rawType: text,
  statusCode: z.number().nullish(),
  code: text,
  decline_code: text,
  param: text,
  message: text,
  headers: z.unknown(),
  payment_intent: wire.nullish().catch(null),
  setup_intent: wire.nullish().catch(null),
  detail: z.unknown(),
})

export type StripeFailure = z.output<typeof shape>

/** Reads an error of stripe-node's; anything else is a defect of ours. */
export function readFailure(error: unknown): StripeFailure {
  const parsed = shape.safeParse(error)
  if (!parsed.success) throw new DefectError('the Stripe client failed', { cause: error })
  return parsed.data
}

/** Whether the same request may be sent again at once: it was not begun. */
export const isTurnedAway = (failure: StripeFailure): boolean => failure.statusCode === 429 || isRunning(failure)

/** Whether another request with the same key is running, such as one that something on the way sent twice. */
export const isRunning = ({ statusCode, rawType }: StripeFailure): boolean =>
  statusCode === 409 && rawType === 'idempotency_error'

/** What an error of Stripe's means: an answer (declined, refused), or that there was none. */
export function toAnswer(failure: StripeFailure, call: PreparedCall): Answer {
  const { statusCode, rawType, code, param } = failure
  const { stamp, replayed } = readHeaders(failure.headers)
  const about = failure.payment_intent ?? failure.setup_intent ?? null
  const told = { objectId: idIn(about), replayed, observations: observeIf(about, stamp) }
  const message = failure.message && maskCardNumbers(failure.message)
  if (statusCode === 402) {
    const decline = { code: code ?? 'card_declined', declineCode: failure.decline_code, message }
    return { ...told, outcome: 'declined', decline }
  }
  const refused = (statusCode === 400 || statusCode === 404) && rawType !== 'idempotency_error'
  if (refused) {
    const missing = code === 'resource_missing' ? missingCustomer(failure, call) : undefined
    return { ...told, outcome: 'rejected', rejection: { code, param, message, ...(missing && { missing }) } }
  }
  throw noAnswer(failure)
}

/** The customer that Stripe did not find, where it was that: by a parameter, or in the path of its own update. */
function missingCustomer({ param, statusCode }: StripeFailure, call: PreparedCall): ObjectRef | undefined {
  const inPath = call.call === 'customer.set_default_method' && statusCode === 404
  const gatewayId = inPath ? call.subject : param === 'customer' ? call.params.customer : undefined
  return typeof gatewayId === 'string' ? { object: 'customer', gatewayId } : undefined
}

const observeIf = (object: Wire | null, stamp: number | undefined) =>
  object !== null && stamp !== undefined ? observeObject(object, { stamp }) : []

// Codes of connections that were never made: the request was not sent.
const neverConnected = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT', 'EMFILE', 'ENFILE']

/** The error for "no answer": certain that nothing happened only where Stripe says so or was never reached. */
export function noAnswer(failure: StripeFailure): FlorinError {
  const { statusCode, rawType, code, detail } = failure
  if (rawType === 'idempotency_error' && statusCode === 400) {
    return new DefectError('Stripe saw this idempotency key with other parameters')
  }
  if (statusCode === 401 || statusCode === 403) {
    return new UnavailableError('gateway_unavailable', 'Stripe refuses the secret key', 'not_applied')
  }
  if (statusCode === 429) return new UnavailableError('gateway_unavailable', 'Stripe asks to slow down', 'not_applied')
  const cause = z.object({ code: z.string(), cause: z.unknown() }).partial().safeParse(detail)
  const inner = z.object({ code: z.string() }).partial().safeParse(cause.data?.cause)
  const reached = ![cause.data?.code, inner.data?.code].some((one) => one !== undefined && neverConnected.includes(one))
  if (statusCode == null && !reached) {
    return new UnavailableError('gateway_unavailable', 'Stripe cannot be reached', 'not_applied')
  }
  // A stored failure is what this key will always be answered: what became of the call must be looked for.
  const { replayed } = readHeaders(failure.headers)
  const what = statusCode == null ? 'gave no answer' : `answered ${statusCode}${code === null ? '' : ` ${code}`}`
  return new UnavailableError('gateway_outcome_unknown', `Stripe ${what}`, 'unknown', { ...(replayed && { replayed }) })
}
