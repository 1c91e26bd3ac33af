import type Stripe from 'stripe'
import { z } from 'zod'
import type { GatewayCall } from '../ports/gateway.ts'
import type { SubscriptionFacts, SubscriptionObservation } from '../subscriptions/subscription.ts'
import { expansions } from './expansions.ts'
import type { Prepared } from './prepare.ts'
import {
  identity,
  idOf,
  isWire,
  openStatus,
  readMetadata,
  type Sight,
  sighted,
  sighting,
  tagMetadata,
  text,
  time,
  type Wire,
} from './wire.ts'

type Call<Name extends GatewayCall['do']> = Extract<GatewayCall, { do: Name }>

// Answers tell as much as reads do.
const expand = [...expansions.subscription]

/** Subscribes a customer. With `payNow` a first payment that fails is no refusal: the subscription is incomplete then. */
export function prepareCreateSubscription(call: Call<'subscription.create'>, installation: string): Prepared {
  const params = {
    customer: call.customer,
    items: [{ price: call.priceId, quantity: call.quantity }],
    // A first payment that fails leaves the subscription incomplete, with a secret to finish it by.
    payment_behavior: call.payNow ? 'allow_incomplete' : 'default_incomplete',
    payment_settings: { save_default_payment_method: 'on_subscription' },
    ...(call.paymentMethod !== undefined && { default_payment_method: call.paymentMethod }),
    ...(call.trialDays !== undefined && { trial_period_days: call.trialDays }),
    metadata: { ...call.metadata, ...tagMetadata(call.tag, installation) },
    expand,
  } satisfies Stripe.SubscriptionCreateParams
  return { method: 'POST', path: '/v1/subscriptions', params }
}

/** Changes what is named and leaves the rest: other items, and metadata of other keys, stay as they are. */
export function prepareUpdateSubscription(call: Call<'subscription.update'>): Prepared {
  const { item, proration, cancelAtPeriodEnd, cancelAt, paymentMethod, metadata } = call
  const change = item && {
    id: item.id,
    ...(item.priceId !== undefined && { price: item.priceId }),
    ...(item.quantity !== undefined && { quantity: item.quantity }),
  }
  const params = {
    ...(change && { items: [change] }),
    ...(proration !== undefined && { proration_behavior: proration }),
    ...(cancelAtPeriodEnd !== undefined && { cancel_at_period_end: cancelAtPeriodEnd }),
    ...(cancelAt === null && { cancel_at: '' as const }),
    ...(paymentMethod !== undefined && { default_payment_method: paymentMethod }),
    ...(metadata !== undefined && { metadata: { ...metadata } }),
    expand,
  } satisfies Stripe.SubscriptionUpdateParams
  return { method: 'POST', path: `/v1/subscriptions/${call.subscription}`, params }
}

/** Wakes a paused subscription, which stays `paused` until its invoice is paid. It takes back no scheduled end. */
export function prepareResumeSubscription({ subscription, payNow }: Call<'subscription.resume'>): Prepared {
  const params = {
    // Stripe's default makes an invoice, and leaves it to us to collect it.
    ...(payNow && { payment_behavior: 'resume_on_payment_success' }),
    expand,
  } satisfies Stripe.SubscriptionResumeParams
  return { method: 'POST', path: `/v1/subscriptions/${subscription}/resume`, params }
}

/** Ends a subscription at once and for good, and refunds nothing. To end it at the period's end is an update. */
export function prepareCancelSubscription({ subscription }: Call<'subscription.cancel'>): Prepared {
  return { method: 'DELETE', path: `/v1/subscriptions/${subscription}`, params: {} }
}

const itemShape = z.object({
  id: z.string(),
  price: idOf,
  plan: idOf,
  quantity: z.number().nullish(),
  current_period_start: time,
  current_period_end: time,
})

const shape = identity.extend({
  customer: idOf,
  status: z.string(),
  items: z.object({ data: z.array(itemShape) }),
  // On top until 2025-03-31.basil, on the items since.
  current_period_start: time,
  current_period_end: time,
  trial_start: time,
  trial_end: time,
  cancel_at: time,
  cancel_at_period_end: z.boolean().default(false),
  canceled_at: time,
  ended_at: time,
  latest_invoice: idOf,
  default_payment_method: idOf,
})

const statuses = [
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'canceled',
  'unpaid',
  'paused',
] as const

function subscriptionFacts(subscription: z.output<typeof shape>): SubscriptionFacts {
  return {
    ...openStatus(statuses, subscription.status),
    items: subscription.items.data.map((item) => ({
      id: item.id,
      priceId: item.price ?? item.plan ?? '',
      quantity: item.quantity ?? null,
      currentPeriodStart: item.current_period_start ?? subscription.current_period_start,
      currentPeriodEnd: item.current_period_end ?? subscription.current_period_end,
    })),
    trialStart: subscription.trial_start,
    trialEnd: subscription.trial_end,
    cancelAt: subscription.cancel_at,
    cancelAtPeriodEnd: subscription.cancel_at_period_end,
    canceledAt: subscription.canceled_at,
    endedAt: subscription.ended_at,
    latestInvoice: subscription.latest_invoice,
    paymentMethod: subscription.default_payment_method,
    metadata: readMetadata(subscription.metadata).metadata,
  }
}

const secretShape = z.object({
  latest_invoice: z
    .union([z.string(), z.object({ confirmation_secret: z.object({ client_secret: z.string() }).nullish() })])
    .nullish(),
  pending_setup_intent: z.union([z.string(), z.object({ client_secret: text })]).nullish(),
})

// Only on expand, so webhooks never tell it: undefined leaves what is stored alone.
function clientSecret(object: Wire): string | null | undefined {
  if (!isWire(object.latest_invoice) && !isWire(object.pending_setup_intent)) return undefined
  const { latest_invoice: invoice, pending_setup_intent: setup } = secretShape.parse(object)
  const pending = typeof setup === 'object' ? setup?.client_secret : null
  const first = typeof invoice === 'object' ? invoice?.confirmation_secret?.client_secret : null
  return first ?? pending ?? null
}

/** Reads a subscription. `trialWillEnd` is told by the event's type; the client secret only where it was expanded. */
export function observeSubscription(
  object: Wire,
  sight: Sight,
  { trialWillEnd }: { trialWillEnd: boolean },
): SubscriptionObservation {
  const seen = sighted(object, sight, shape)
  const { id, customer, metadata, livemode, created } = seen.read
  const { florinId, installation } = readMetadata(metadata)
  const secret = clientSecret(object)
  return {
    object: 'subscription',
    gatewayId: id,
    ...{ florinId, installation, customerId: customer, livemode, created },
    subscription: sighting(seen, subscriptionFacts),
    trialWillEnd,
    ...(secret !== undefined && { clientSecret: secret }),
  }
}
