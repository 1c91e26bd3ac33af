import { customers, isLive } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { changedFrom } from '../engine/previous-attributes.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { cardFacts, paymentMethods, type StoredPaymentMethod } from './payment-method.ts'

/** Takes a payment method from its customer. It can never be used again. */
export function detachPaymentMethod(context: Context, id: string): StoredPaymentMethod {
  const method = context.inPath(paymentMethods, id, 'payment_method')
  const owner = method.customer
  if (owner === null) {
    throw invalidRequest('The payment method you provided is not attached to a customer so detachment is impossible.', {
      code: 'payment_method_unexpected_state',
    })
  }
  const detached = forgetPaymentMethod(context, method)
  const customer = context.store.find(customers, owner)
  if (isLive(customer) && customer.invoice_settings.default_payment_method === id) {
    const after = { ...customer, invoice_settings: { ...customer.invoice_settings, default_payment_method: null } }
    context.store.put(customers, after)
    context.emit('customer.updated', after, changedFrom(customer, after))
  }
  return detached
}

/** The detaching itself, without looking at the customer's default. */
export function forgetPaymentMethod(context: Context, method: StoredPaymentMethod): StoredPaymentMethod {
  context.store.update(cardFacts, method.id, { spent: true, detached: true })
  const detached = context.store.update(paymentMethods, method.id, { customer: null })
  context.emit('payment_method.detached', detached, { customer: method.customer })
  return detached
}
