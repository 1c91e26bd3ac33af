import type Stripe from 'stripe'
import { defineCollection, definePrivateCollection, type Row, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import type { Metadata } from '../engine/metadata.ts'
import type { StoredPrice } from '../prices/price.ts'

/** A Checkout Session as it is stored. Its line items are answered only when they are expanded. */
export type StoredCheckoutSession = Omit<
  Stored<Stripe.Checkout.Session>,
  'line_items' | 'currency_conversion' | 'collected_information'
> & {
  readonly currency_conversion: null
  readonly collected_information: null
}

export const checkoutSessions = defineCollection<StoredCheckoutSession>('checkout.session')

/** What is bought. */
export type StoredLineItem = Omit<Stored<Stripe.LineItem>, 'price'> & { readonly price: StoredPrice }

/** What the session will make when it is completed. */
export interface CheckoutPlan extends Row {
  readonly items: readonly StoredLineItem[]
  readonly payment: {
    readonly description?: string
    readonly metadata: Metadata
    readonly setup_future_usage?: 'off_session' | 'on_session'
    readonly capture_method?: 'automatic' | 'automatic_async' | 'manual'
    readonly receipt_email?: string
  }
  readonly subscription: {
    readonly description?: string
    readonly metadata: Metadata
    readonly trial_period_days?: number
    readonly trial_end?: number
    readonly billing_cycle_anchor?: number
    readonly proration_behavior?: 'create_prorations' | 'none'
  }
}

export const checkoutPlans = definePrivateCollection<CheckoutPlan>('checkout_plan')

/** Finds the session that a PaymentIntent, a SetupIntent or a subscription was made by; the row has its id. */
interface CheckoutLink extends Row {
  readonly session: string
}

export const checkoutLinks = definePrivateCollection<CheckoutLink>('checkout_link')

/** The task that closes a session that nobody has completed. */
export const expireSessionTask = 'checkout.session.expire'

/** Ends a session without a result. */
export function expireSession(context: Context, id: string): StoredCheckoutSession {
  context.unschedule(expireSessionTask, id)
  const expired = context.store.update(checkoutSessions, id, { status: 'expired', url: null })
  context.emit('checkout.session.expired', expired)
  return expired
}

/** Marks an open session as completed, once what it was for has succeeded. */
export function completeSession(context: Context, id: string, patch: Partial<StoredCheckoutSession>): void {
  const before = context.inPath(checkoutSessions, id)
  if (before.status !== 'open') return
  context.unschedule(expireSessionTask, id)
  const done = context.store.update(checkoutSessions, id, { ...patch, status: 'complete', url: null })
  context.emit('checkout.session.completed', done)
}
