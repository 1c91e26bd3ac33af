import type Stripe from 'stripe'
import { z } from 'zod'
import type { CustomerFacts, CustomerObservation } from '../customers/customer.ts'
import type { GatewayCall } from '../ports/gateway.ts'
import type { Prepared } from './prepare.ts'
import { identity, idOf, readMetadata, type Sight, sighted, sighting, tagMetadata, type Wire } from './wire.ts'

/** A customer with our tag and nothing else: Stripe is told neither name nor e-mail of the user. */
export function prepareCreateCustomer(
  { tag }: Extract<GatewayCall, { do: 'customer.create' }>,
  installation: string,
): Prepared {
  const params = { metadata: tagMetadata(tag, installation) } satisfies Stripe.CustomerCreateParams
  return { method: 'POST', path: '/v1/customers', params }
}

/** Deletes a customer for good. Stripe ends its subscriptions at once and detaches its payment methods. */
export function prepareDeleteCustomer({ customer }: Extract<GatewayCall, { do: 'customer.delete' }>): Prepared {
  return { method: 'DELETE', path: `/v1/customers/${customer}`, params: {} }
}

/** Sets what invoices are paid with. The method must be attached to this very customer. */
export function prepareSetDefaultMethod({
  customer,
  paymentMethod,
}: Extract<GatewayCall, { do: 'customer.set_default_method' }>): Prepared {
  const params = {
    invoice_settings: { default_payment_method: paymentMethod },
  } satisfies Stripe.CustomerUpdateParams
  return { method: 'POST', path: `/v1/customers/${customer}`, params }
}

const shape = identity.extend({
  deleted: z.boolean().optional(),
  invoice_settings: z.object({ default_payment_method: idOf }).nullish(),
})

/** `deleted` is told by the event's type: its object is the customer as it last was. */
export function observeCustomer(object: Wire, sight: Sight, { deleted }: { deleted: boolean }): CustomerObservation {
  const seen = sighted(object, sight, shape)
  const { id, metadata, livemode, created } = seen.read
  const { florinId, installation, userId } = readMetadata(metadata)
  const facts = (customer: z.output<typeof shape>): CustomerFacts => {
    const gone = deleted || customer.deleted === true
    // The event that tells of the deletion still has it, a later read does not.
    const defaultMethod = gone ? null : (customer.invoice_settings?.default_payment_method ?? null)
    return { deleted: gone, defaultMethod }
  }
  return {
    object: 'customer',
    gatewayId: id,
    ...{ florinId, installation, customerId: id, userId, livemode, created },
    customer: sighting(seen, facts),
  }
}
