import { type Subscription, subscriptionStatuses } from '@florin/core'
import { z } from 'zod'
import { idPath, metadata, objectFields, pageOf, paymentMethodId, priceId, stamps, time, userId } from './common.ts'

const quantity = z.int().min(1).max(1_000_000)

export const createSubscriptionBody = z
  .strictObject({
    user_id: userId,
    price_id: priceId,
    payment_method: paymentMethodId
      .optional()
      .meta({ description: 'Without one it is `incomplete`, with a `client_secret` for Stripe Elements.' }),
    trial_days: z.int().min(1).max(730).optional(),
    quantity: quantity.optional(),
    metadata: metadata.optional(),
  })
  .meta({
    id: 'CreateSubscription',
    example: { user_id: 'user_123', price_id: 'price_1234567890', payment_method: 'pm_card_visa', trial_days: 14 },
  })

export const updateSubscriptionBody = z
  .strictObject({
    price_id: priceId.optional(),
    quantity: quantity.optional(),
    proration: z.enum(['create_prorations', 'always_invoice', 'none']).optional(),
    cancel_at_period_end: z.boolean().optional(),
    payment_method: paymentMethodId.optional().meta({ description: 'What it is paid with from now on.' }),
    metadata: metadata.optional(),
  })
  .meta({ id: 'UpdateSubscription', example: { quantity: 2, proration: 'create_prorations' } })

export const cancelSubscriptionQuery = z.strictObject({
  at_period_end: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .meta({ type: 'boolean', description: "Ends at the period's end instead of at once." }),
})

export const subscriptionPath = idPath('subscription')

export const subscriptionInvoicesPath = z.object({ subscription_id: subscriptionPath.shape.id })

const item = z.object({
  price_id: z.string(),
  quantity: z.int().nullable(),
  current_period_start: time.nullable(),
  current_period_end: time.nullable(),
})

const month = { current_period_start: '2026-11-23T15:04:05.000Z', current_period_end: '2026-12-23T15:04:05.000Z' }

export const subscription = z
  .object({
    ...objectFields('subscription', 'subscription_01jdcqj7t5v6w7x8y9z0a1b2c3'),
    user_id: z.string().nullable(),
    status: z.enum(subscriptionStatuses),
    items: z.array(item),
    current_period_start: time.nullable(),
    current_period_end: time.nullable().meta({ description: 'Of the item that renews first.' }),
    trial_start: time.nullable(),
    trial_end: time.nullable(),
    cancel_at: time.nullable(),
    cancel_at_period_end: z.boolean(),
    canceled_at: time.nullable(),
    ended_at: time.nullable(),
    client_secret: z.string().nullable().meta({
      description:
        'For Stripe.js, while a first payment, or one after a pause, needs the customer. Only for the owner.',
    }),
    latest_invoice: z.string().nullable().meta({ description: "Stripe's id; `GET /api/v1/invoices/{id}` takes it." }),
    payment_method: z
      .string()
      .nullable()
      .meta({ description: "Stripe's id of what it is paid with; null is the user's default." }),
    metadata,
    stripe_subscription_id: z.string().nullable(),
  })
  .meta({
    id: 'Subscription',
    example: {
      id: 'subscription_01jdcqj7t5v6w7x8y9z0a1b2c3',
      object: 'subscription',
      ...stamps,
      user_id: 'user_123',
      status: 'active',
      items: [{ price_id: 'price_1234567890', quantity: 1, ...month }],
      ...month,
      trial_start: null,
      trial_end: null,
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      ended_at: null,
      client_secret: null,
      latest_invoice: 'in_1Q0Q5pJvEtkwdCNYb1n2m3k4',
      payment_method: 'pm_1Q0Q5nJvEtkwdCNYz9y8x7w6',
      metadata: {},
      stripe_subscription_id: 'sub_1Q0Q5oJvEtkwdCNYc5d6e7f8',
    },
  })

export const subscriptionPage = pageOf(subscription, 'Subscription')

export type CreateSubscriptionBody = z.input<typeof createSubscriptionBody>
export type UpdateSubscriptionBody = z.input<typeof updateSubscriptionBody>
export type SubscriptionBody = z.infer<typeof subscription>

/** A subscription as the API shows it: without its items' ids. Who gets the client secret was decided in core. */
export function presentSubscription(it: Subscription): SubscriptionBody {
  return {
    id: it.id,
    object: it.object,
    created_at: it.createdAt,
    updated_at: it.updatedAt,
    user_id: it.userId,
    status: it.status,
    items: it.items.map((one) => ({
      price_id: one.priceId,
      quantity: one.quantity,
      current_period_start: one.currentPeriodStart,
      current_period_end: one.currentPeriodEnd,
    })),
    current_period_start: it.currentPeriodStart,
    current_period_end: it.currentPeriodEnd,
    trial_start: it.trialStart,
    trial_end: it.trialEnd,
    cancel_at: it.cancelAt,
    cancel_at_period_end: it.cancelAtPeriodEnd,
    canceled_at: it.canceledAt,
    ended_at: it.endedAt,
    client_secret: it.clientSecret,
    latest_invoice: it.latestInvoice,
    payment_method: it.paymentMethod,
    metadata: it.metadata,
    stripe_subscription_id: it.stripeSubscriptionId,
  }
}
