import type { GatewayCall, PreparedCall } from '../ports/gateway.ts'
import { prepareCreateBillingPortalSession } from './billing-portal-sessions.ts'
import { prepareCreateCheckoutSession } from './checkout-sessions.ts'
import { prepareCreateCustomer, prepareDeleteCustomer, prepareSetDefaultMethod } from './customers.ts'
import { prepareAttach, prepareDetach, prepareSetup } from './payment-methods.ts'
import { prepareCancelPayment, prepareCapturePayment, prepareConfirmPayment, prepareCreatePayment } from './payments.ts'
import { prepareCreateRefund } from './refunds.ts'
import {
  prepareCancelSubscription,
  prepareCreateSubscription,
  prepareResumeSubscription,
  prepareUpdateSubscription,
} from './subscriptions.ts'

/** A call in Stripe's own words. */
export type Prepared = Pick<PreparedCall, 'method' | 'path' | 'params'>

/** Renders a call for Stripe's API. Pure, so that what is stored is what will be sent. */
export function render(call: GatewayCall, installation: string): Prepared {
  switch (call.do) {
    case 'customer.create':
      return prepareCreateCustomer(call, installation)
    case 'customer.delete':
      return prepareDeleteCustomer(call)
    case 'customer.set_default_method':
      return prepareSetDefaultMethod(call)
    case 'payment.create':
      return prepareCreatePayment(call, installation)
    case 'payment.confirm':
      return prepareConfirmPayment(call)
    case 'payment.capture':
      return prepareCapturePayment(call)
    case 'payment.cancel':
      return prepareCancelPayment(call)
    case 'refund.create':
      return prepareCreateRefund(call, installation)
    case 'payment_method.attach':
      return prepareAttach(call)
    case 'payment_method.detach':
      return prepareDetach(call)
    case 'setup.create':
      return prepareSetup(call, installation)
    case 'subscription.create':
      return prepareCreateSubscription(call, installation)
    case 'subscription.update':
      return prepareUpdateSubscription(call)
    case 'subscription.resume':
      return prepareResumeSubscription(call)
    case 'subscription.cancel':
      return prepareCancelSubscription(call)
    case 'checkout_session.create':
      return prepareCreateCheckoutSession(call, installation)
    case 'billing_portal_session.create':
      return prepareCreateBillingPortalSession(call)
  }
}

/** The gateway's id of the object that a call changes; null where it makes one. */
export function subjectOf(call: GatewayCall): string | null {
  switch (call.do) {
    case 'customer.create':
    case 'payment.create':
    case 'refund.create':
    case 'setup.create':
    case 'subscription.create':
    case 'checkout_session.create':
    case 'billing_portal_session.create':
      return null
    case 'customer.delete':
    case 'customer.set_default_method':
      return call.customer
    case 'payment.confirm':
    case 'payment.capture':
    case 'payment.cancel':
      return call.payment
    case 'payment_method.attach':
    case 'payment_method.detach':
      return call.paymentMethod
    case 'subscription.update':
    case 'subscription.resume':
    case 'subscription.cancel':
      return call.subscription
  }
}
