import { z } from 'zod'
import { mayActFor } from '../actor.ts'
import { customerFor } from '../customers/ensure-customer.ts'
import type { Deps } from '../deps.ts'
import { must } from '../errors.ts'
import { returnUrl, userId } from '../input/fields.ts'
import { perform } from '../operations/perform.ts'
import { rejectionError } from '../operations/rejection.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import { type FindOne, one } from '../ports/storage.ts'
import type { BillingPortalSession } from './billing-portal-session.ts'

/** What `billingPortalSessions.create` takes. */
export interface CreateBillingPortalSession {
  /** Your own id of the user. Letters, digits and `. _ : @ -`; one that is new becomes a customer at Stripe. */
  readonly userId: string
  /** Where the portal's way back leads: an http or https URL. */
  readonly returnUrl: string
}

export const createBillingPortalSessionInput = z.strictObject({ userId, returnUrl })

/** As data, so that recovery can go on with it. */
export const createBillingPortalSessionUseCase: UseCase<
  z.output<typeof createBillingPortalSessionInput>,
  { customer: FindOne<'customers'> },
  BillingPortalSession
> = {
  kind: 'billing_portal_session.create',
  input: createBillingPortalSessionInput,
  authorize: (input, actor) => mayActFor(actor, 'billing-portal-sessions:create', input.userId),
  read: ({ userId }) => ({ customer: one('customers', { userId, isPrimary: true }) }),
  intend({ customer }, { userId, returnUrl }) {
    if (!customer) return { needs: customerFor(userId) }
    const call = { do: 'billing_portal_session.create', customer: customer.id, returnUrl } as const
    return { objectId: null, userId, changes: [], step: { name: 'create', call } }
  },
  reread: () => ({}),
  settle({ answer, rows, input, operation }) {
    if (answer.outcome === 'rejected') return { rows, refused: rejectionError(answer.rejection, 'gateway_refused') }
    const id = must(answer.objectId, 'the id of a billing portal session')
    const url = must(answer.outcome === 'accepted' ? answer.url : null, 'the url of a billing portal session')
    const { userId } = input
    const session = { id, object: 'billing_portal_session', createdAt: operation.createdAt, userId, url } as const
    return { rows, done: session, objectId: id }
  },
}

/** Opens Stripe's customer portal; `BillingPortalSessions.create` says what is promised. */
export function createBillingPortalSession(
  deps: Deps,
  input: CreateBillingPortalSession,
  caller: Caller,
): Promise<Performed<BillingPortalSession>> {
  return perform(deps, createBillingPortalSessionUseCase, input, caller)
}
