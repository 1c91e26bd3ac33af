import type Stripe from 'stripe'
import { z } from 'zod'
import type { AttachmentFacts, DetailFacts, PaymentMethodObservation } from '../payment-methods/payment-method.ts'
import type { GatewayCall } from '../ports/gateway.ts'
import type { Prepared } from './prepare.ts'
import { identity, idOf, readMetadata, type Sight, sighted, sighting, tagMetadata, text, type Wire } from './wire.ts'

type Call<Name extends GatewayCall['do']> = Extract<GatewayCall, { do: Name }>

/** Gives a payment method to a customer. The card is checked then, so that this can be declined like a payment. */
export function prepareAttach({ paymentMethod, customer }: Call<'payment_method.attach'>): Prepared {
  const params = { customer } satisfies Stripe.PaymentMethodAttachParams
  return { method: 'POST', path: `/v1/payment_methods/${paymentMethod}/attach`, params }
}

/** Takes a payment method from its customer, for good: Stripe never attaches it again. */
export function prepareDetach({ paymentMethod }: Call<'payment_method.detach'>): Prepared {
  return { method: 'POST', path: `/v1/payment_methods/${paymentMethod}/detach`, params: {} }
}

/** Begins to collect a payment method that may be charged later without the customer there. No money moves. */
export function prepareSetup({ tag, customer }: Call<'setup.create'>, installation: string): Prepared {
  const params = {
    customer,
    automatic_payment_methods: { enabled: true },
    usage: 'off_session',
    metadata: tagMetadata(tag, installation),
  } satisfies Stripe.SetupIntentCreateParams
  return { method: 'POST', path: '/v1/setup_intents', params }
}

const shape = identity.extend({
  type: z.string(),
  customer: idOf,
  card: z
    .object({
      brand: z.string(),
      last4: z.string(),
      exp_month: z.number(),
      exp_year: z.number(),
      fingerprint: text,
    })
    .nullish(),
})

type Read = z.output<typeof shape>

function attachment({ customer }: Read): AttachmentFacts {
  return { status: customer === null ? 'detached' : 'attached', customerId: customer }
}

function details({ type, card }: Read): DetailFacts {
  if (!card) return { type, card: null }
  const { brand, last4, exp_month, exp_year, fingerprint } = card
  return { type, card: { brand, last4, expMonth: exp_month, expYear: exp_year, fingerprint } }
}

/** Reads a payment method. Whether it is attached and what it is are told apart: a SetupIntent knows only the first. */
export function observePaymentMethod(object: Wire, sight: Sight): PaymentMethodObservation {
  const seen = sighted(object, sight, shape)
  const { id, customer, metadata, livemode, created } = seen.read
  const { installation } = readMetadata(metadata)
  return {
    object: 'payment_method',
    gatewayId: id,
    ...{ florinId: null, installation, customerId: customer, livemode, created },
    attachment: sighting(seen, attachment),
    details: sighting(seen, details),
  }
}

const setupShape = identity.extend({ status: text, customer: idOf, payment_method: idOf })

/**
 * The payment method that a SetupIntent collected for a customer: Stripe attaches it when the intent succeeds. What it
 * is, the intent does not tell.
 */
export function observeSetupIntent(object: Wire, sight: Sight): PaymentMethodObservation | undefined {
  const { status, customer, payment_method, metadata, livemode, created } = setupShape.parse(object)
  if (status !== 'succeeded' || customer === null || payment_method === null) return undefined
  const { installation } = readMetadata(metadata)
  return {
    object: 'payment_method',
    gatewayId: payment_method,
    ...{ florinId: null, installation, customerId: customer, livemode, created },
    attachment: { facts: { status: 'attached', customerId: customer }, stamp: sight.stamp },
  }
}
