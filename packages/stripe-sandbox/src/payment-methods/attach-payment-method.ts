import { customers, isLive, liveCustomer } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { cardError, invalidRequest } from '../engine/stripe-failure.ts'
import {
  behaviourOf,
  cardFacts,
  paymentMethods,
  type StoredPaymentMethod,
  usablePaymentMethod,
} from './payment-method.ts'

/** Saves a payment method with a customer. A test id saves a new one. The card is checked with its bank: 402. */
export function attachPaymentMethod(context: Context, id: string, customerId: string): StoredPaymentMethod {
  liveCustomer(context, customerId, 'customer')
  const method = usablePaymentMethod(context, id, 'payment_method')
  if (method.customer === customerId) return method
  if (method.customer !== null) {
    throw invalidRequest('The payment method you provided has already been attached to a customer.', {
      code: 'payment_method_unexpected_state',
    })
  }
  const { facts, card } = behaviourOf(context, method.id)
  if (facts.spent) {
    throw invalidRequest(
      'This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and may not be used again.',
      { code: 'payment_method_unexpected_state' },
    )
  }
  if (card.declinesAttach && card.decline !== undefined) {
    throw cardError({ param: '', ...card.decline }, { keepsEffects: false })
  }
  return linkPaymentMethod(context, method.id, customerId)
}

/**
 * Saves it without asking the bank again, after a payment or a set-up has succeeded with it. One that was detached
 * meanwhile stays so, and a customer who is gone gets none.
 */
export function linkPaymentMethod(context: Context, id: string, customerId: string): StoredPaymentMethod {
  const before = context.inParam(paymentMethods, id, 'payment_method')
  const { facts } = behaviourOf(context, id)
  if (before.customer === customerId || facts.detached === true) return before
  if (!isLive(context.store.find(customers, customerId))) return before
  context.store.update(cardFacts, id, { spent: false })
  const attached = context.store.update(paymentMethods, id, {
    customer: customerId,
    card: { ...before.card, checks: { ...noChecks, cvc_check: 'pass' } },
  })
  context.emit('payment_method.attached', attached)
  return attached
}

const noChecks = { address_line1_check: null, address_postal_code_check: null }
