import type Stripe from 'stripe'
import type { GatewayCall } from '../ports/gateway.ts'
import type { Prepared } from './prepare.ts'

/** A page of Stripe's for one customer. It takes no metadata, so what became of the call cannot be looked up. */
export function prepareCreateBillingPortalSession({
  customer,
  returnUrl,
}: Extract<GatewayCall, { do: 'billing_portal_session.create' }>): Prepared {
  const params = { customer, return_url: returnUrl } satisfies Stripe.BillingPortal.SessionCreateParams
  return { method: 'POST', path: '/v1/billing_portal/sessions', params }
}
