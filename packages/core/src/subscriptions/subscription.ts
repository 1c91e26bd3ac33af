import { isOurs, objectId } from '../input/object-ids.ts'
import { type Group, type Observed, rankBy, type Sighting } from '../observations/join.ts'
import type { Identity } from '../observations/observation.ts'
import type { Timestamp } from '../time.ts'

export const subscriptionStatuses = [
  'pending',
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'canceled',
  'unpaid',
  'paused',
  'unknown',
] as const

/** `pending`: asked for, the gateway's answer not known yet. `canceled` and `incomplete_expired` are final. */
export type SubscriptionStatus = (typeof subscriptionStatuses)[number]

export type SubscriptionItem = {
  /** Stripe's id of the item (`si_…`). */
  readonly id: string
  readonly priceId: string
  readonly quantity: number | null
  readonly currentPeriodStart: Timestamp | null
  readonly currentPeriodEnd: Timestamp | null
}

/** A row of `subscriptions`. */
export interface SubscriptionRow extends Observed {
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly userId: string | null
  readonly customerId: string | null
  readonly gatewayId: string | null
  readonly status: SubscriptionStatus
  readonly gatewayStatus: string | null
  readonly items: readonly SubscriptionItem[]
  readonly trialStart: Timestamp | null
  readonly trialEnd: Timestamp | null
  readonly cancelAt: Timestamp | null
  readonly cancelAtPeriodEnd: boolean
  readonly canceledAt: Timestamp | null
  readonly endedAt: Timestamp | null
  /** Stripe's id of the newest invoice. */
  readonly latestInvoice: string | null
  /** Stripe's id of the method that it is paid with. Null: the customer's default. */
  readonly paymentMethod: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly clientSecret: string | null
}

/** incomplete → the living states, which come and go → the end. */
export const subscriptionRanks = {
  incomplete: 0,
  unknown: 1,
  trialing: 1,
  active: 1,
  past_due: 1,
  unpaid: 1,
  paused: 1,
  canceled: 2,
  incomplete_expired: 2,
} as const

const rank = rankBy<SubscriptionStatus>(subscriptionRanks)

const subscriptionFields = [
  'status',
  'gatewayStatus',
  'items',
  'trialStart',
  'trialEnd',
  'cancelAt',
  'cancelAtPeriodEnd',
  'canceledAt',
  'endedAt',
  'latestInvoice',
  'paymentMethod',
  'metadata',
] as const satisfies readonly (keyof SubscriptionRow)[]

export type SubscriptionFacts = Pick<SubscriptionRow, (typeof subscriptionFields)[number]>

export const subscriptionGroup: Group<SubscriptionRow, (typeof subscriptionFields)[number]> = {
  name: 'subscription',
  fields: subscriptionFields,
  rank: ({ status }) => rank(status),
}

export interface SubscriptionObservation extends Identity {
  readonly object: 'subscription'
  readonly subscription: Sighting<SubscriptionFacts>
  /** The event said that the trial ends in three days. */
  readonly trialWillEnd?: boolean
  readonly clientSecret?: string | null
}

/** A subscription as Florin shows it. */
export type Subscription = {
  readonly id: string
  readonly object: 'subscription'
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly userId: string | null
  readonly status: SubscriptionStatus
  readonly items: readonly SubscriptionItem[]
  /** Of the item that renews first; with mixed intervals they differ, see `items`. */
  readonly currentPeriodStart: Timestamp | null
  readonly currentPeriodEnd: Timestamp | null
  readonly trialStart: Timestamp | null
  readonly trialEnd: Timestamp | null
  readonly cancelAt: Timestamp | null
  readonly cancelAtPeriodEnd: boolean
  readonly canceledAt: Timestamp | null
  readonly endedAt: Timestamp | null
  /** For Stripe.js, while the first payment, or the one that ends a pause, needs the customer. Never in lists. */
  readonly clientSecret: string | null
  /** Stripe's id of the newest invoice; `GET /invoices/:id` takes it too. */
  readonly latestInvoice: string | null
  /** Stripe's id of the method that it is paid with, whatever the user's default is. Null: the user's default. */
  readonly paymentMethod: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly stripeSubscriptionId: string | null
}

/** Scheduled to end: Stripe's portal sets `cancel_at` alone in flexible billing mode, so either counts. */
export const isEnding = (row: Pick<SubscriptionRow, 'cancelAt' | 'cancelAtPeriodEnd'>): boolean =>
  row.cancelAtPeriodEnd || row.cancelAt !== null

/** Whether a subscription has come to its end and can never come back. */
export const isEnded = ({ status }: Pick<SubscriptionRow, 'status'>): boolean => rank(status) === 2

/** Shows a row; the client secret only where `withSecret` says that its owner (or the service acting for it) asks. */
export function toSubscription(row: SubscriptionRow, { withSecret }: { withSecret: boolean }): Subscription {
  const [first] = [...row.items].sort((a, b) => ((a.currentPeriodEnd ?? '') < (b.currentPeriodEnd ?? '') ? -1 : 1))
  return {
    id: row.id,
    object: 'subscription',
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    userId: row.userId,
    status: row.status,
    items: row.items,
    currentPeriodStart: first?.currentPeriodStart ?? null,
    currentPeriodEnd: first?.currentPeriodEnd ?? null,
    trialStart: row.trialStart,
    trialEnd: row.trialEnd,
    cancelAt: row.cancelAt,
    cancelAtPeriodEnd: row.cancelAtPeriodEnd,
    canceledAt: row.canceledAt,
    endedAt: row.endedAt,
    clientSecret: withSecret && ['incomplete', 'trialing', 'paused'].includes(row.status) ? row.clientSecret : null,
    latestInvoice: row.latestInvoice,
    paymentMethod: row.paymentMethod,
    metadata: row.metadata,
    stripeSubscriptionId: row.gatewayId,
  }
}

/** Accepts Florin's id or Stripe's. */
export const subscriptionId = objectId('subscription')

/** The lookup of what belongs to a subscription, its invoices, by either id of the subscription. */
export const ofSubscription = (
  id: string,
): { readonly subscriptionId: string } | { readonly subscriptionGatewayId: string } =>
  isOurs('subscription', id) ? { subscriptionId: id } : { subscriptionGatewayId: id }
