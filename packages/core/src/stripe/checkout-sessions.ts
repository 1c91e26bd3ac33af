import type Stripe from 'stripe'
import { z } from 'zod'
import type { PaymentObservation } from '../payments/payment.ts'
import type { GatewayCall } from '../ports/gateway.ts'
import type { Prepared } from './prepare.ts'
import { identity, idOf, METADATA, readMetadata, tagMetadata, text, type Wire } from './wire.ts'

type Call = Extract<GatewayCall, { do: 'checkout_session.create' }>

/** A page of Stripe's to pay, subscribe or save a card on. What comes of it has the metadata too, but not our id. */
export function prepareCreateCheckoutSession(call: Call, installation: string): Prepared {
  const { customer, mode, item, successUrl, cancelUrl } = call
  const metadata = { ...call.metadata, ...tagMetadata(call.tag, installation) }
  // What comes of the session is no row of ours yet: it is found by its user and reference, not by our id.
  const { [METADATA.florinId]: _, ...carried } = metadata
  const params = {
    ...{ customer, mode, metadata },
    success_url: successUrl,
    ...(cancelUrl !== undefined && { cancel_url: cancelUrl }),
    ...bought(item),
    ...(mode === 'payment' && {
      payment_intent_data: { metadata: carried, ...('name' in item && { description: item.name }) },
    }),
    ...(mode === 'subscription' && { subscription_data: { metadata: carried } }),
    ...(mode === 'setup' && { setup_intent_data: { metadata: carried } }),
  } satisfies Stripe.Checkout.SessionCreateParams
  return { method: 'POST', path: '/v1/checkout/sessions', params }
}

function bought(item: Call['item']) {
  if ('priceId' in item) return { line_items: [{ price: item.priceId, quantity: item.quantity }] }
  const currency = item.currency.toLowerCase()
  if (!('amount' in item)) return { currency }
  const price = { currency, unit_amount: item.amount, product_data: { name: item.name } }
  return { line_items: [{ quantity: 1, price_data: price }] }
}

const shape = identity.extend({
  customer: idOf,
  payment_intent: idOf,
  status: text,
  amount_total: z.number().nullish(),
  currency: text,
})

/**
 * The payment that a completed session made: whose it is and what for, which only the session may tell. Its state is its
 * own events' and the refresher's to tell; subscriptions and cards tell everything by themselves.
 */
export function observeCheckoutSession(object: Wire): PaymentObservation | undefined {
  const { customer, payment_intent, metadata, livemode, created, ...session } = shape.parse(object)
  if (payment_intent === null || session.status !== 'complete') return undefined
  const { installation, userId, reference } = readMetadata(metadata)
  return {
    object: 'payment',
    gatewayId: payment_intent,
    ...{ florinId: null, installation, customerId: customer, livemode, created, userId, reference },
    sum: { amount: session.amount_total ?? 0, currency: (session.currency ?? 'usd').toUpperCase() },
  }
}
