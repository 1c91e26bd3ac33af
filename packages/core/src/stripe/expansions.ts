import type { ObjectRef } from '../ports/gateway.ts'

/** What hangs on an object and is only told on expand. */
export const expansions: Readonly<Record<ObjectRef['object'], readonly string[]>> = {
  customer: [],
  dispute: [],
  invoice: ['payments'],
  payment: ['latest_charge.refunds'],
  payment_method: [],
  refund: [],
  subscription: ['latest_invoice.confirmation_secret', 'latest_invoice.payments', 'pending_setup_intent'],
}
