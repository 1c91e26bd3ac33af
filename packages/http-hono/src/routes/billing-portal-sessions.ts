import { operation } from '../endpoint.ts'
import {
  billingPortalSession,
  createBillingPortalSessionBody,
  presentBillingPortalSession,
} from '../wire/billing-portal-session.ts'

export const create = operation({
  name: 'createBillingPortalSession',
  tag: 'Checkout',
  summary: "Open Stripe's page on which a user manages cards, invoices and subscriptions",
  body: createBillingPortalSessionBody,
  status: 201,
  answer: billingPortalSession,
  problems: ['gateway_refused'],
  perform: ({ billingPortalSessions }, input, caller) => billingPortalSessions.create(input, caller),
  present: presentBillingPortalSession,
})
