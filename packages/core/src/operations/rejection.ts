import { type FlorinError, InvalidError, RefusedError } from '../errors.ts'
import { maskCardNumbers } from '../input/card-number.ts'
import type { Answer, Rejection } from '../ports/gateway.ts'

/**
 * What a gateway's refusal of a request means to our caller. Stripe's parameter names tell which of the caller's ids it
 * did not know; `whenState` is the code for "the object's state does not allow it".
 */
export function rejectionError({ code, param, message }: Rejection, whenState: RefusedError['code']): FlorinError {
  const text = maskCardNumbers(message ?? 'the gateway refused the request')
  const details = { ...(code !== null && { gatewayCode: code }) }
  if (code === 'resource_missing' && param?.includes('price')) {
    const fields = [{ field: 'priceId', message: 'is not a price of this Stripe account' }]
    return new InvalidError('input_invalid', text, { ...details, fields })
  }
  if (code === 'resource_missing' && param?.includes('payment_method')) {
    return new InvalidError('payment_method_not_found', text, details)
  }
  if (param === 'return_url') {
    const fields = [{ field: 'returnUrl', message: 'is needed: this method may send the customer elsewhere' }]
    return new InvalidError('input_invalid', text, { ...details, fields })
  }
  if (code === 'amount_too_small' || code === 'amount_too_large') {
    return new InvalidError('input_invalid', text, { ...details, fields: [{ field: 'amount', message: text }] })
  }
  if (code === 'payment_method_unexpected_state' || param === 'payment_method') {
    return new RefusedError('payment_method_unusable', text, details)
  }
  const state = code?.endsWith('unexpected_state') || code === 'charge_already_refunded' || code === 'charge_disputed'
  return new RefusedError(state ? whenState : 'gateway_refused', text, details)
}

/** The failure that a payment shows where its request was refused or never sent. */
export function failureOf(answer: Exclude<Answer, { outcome: 'accepted' }>) {
  if (answer.outcome === 'declined') return answer.decline
  const { code, message } = answer.rejection
  return { code: code ?? 'gateway_refused', declineCode: null, message: message && maskCardNumbers(message) }
}
