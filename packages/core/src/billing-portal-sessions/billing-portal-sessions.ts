import type { Caller, Performed } from '../operations/use-case.ts'
import type { BillingPortalSession } from './billing-portal-session.ts'
import type { CreateBillingPortalSession } from './create-billing-portal-session.ts'

/** Stripe's customer portal. */
export interface BillingPortalSessions {
  /**
   * Opens Stripe's customer portal for a user: send the user to the answer's `url`. What is changed there comes back as
   * webhooks.
   *
   * @throws `invalid` input_invalid, card_number_refused
   * @throws `refused` forbidden, gateway_refused (the portal is not configured at Stripe), operation_in_progress,
   *   user_erased
   * @throws `unavailable` as `payments.create`
   */
  create(input: CreateBillingPortalSession, caller: Caller): Promise<Performed<BillingPortalSession>>
}
