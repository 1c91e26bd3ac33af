import { spendDiscounts } from '../coupons/discount.ts'
import { liveCustomer } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { cardError, StripeFailure } from '../engine/stripe-failure.ts'
import { pendingItems } from '../invoice-items/invoice-item.ts'
import { collectInvoice, methodFor, noPaymentMethod } from '../invoices/collect-invoice.ts'
import { draftInvoice } from '../invoices/draft-invoice.ts'
import { finalizeInvoice } from '../invoices/finalize-invoice.ts'
import { invoices, type StoredInvoice } from '../invoices/invoice.ts'
import type { NewLine } from '../invoices/invoice-line.ts'
import { settleInvoice } from '../invoices/settle-invoice.ts'
import type { Period } from './billing-period.ts'
import { type StoredSubscription, subscriptions } from './subscription.ts'

/** How a request wants to be answered when the payment fails. */
export type PaymentBehavior = 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete'

/** What a subscription's invoice is made of. */
export interface SubscriptionInvoice {
  readonly reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update'
  readonly lines: readonly NewLine[]
  readonly period: Period
  /** When the draft finalises by itself; null: not before it is asked to. */
  readonly finalizes_at: number | null
  readonly auto_advance: boolean
}

/** Drafts an invoice of a subscription, with all that waits for one, and makes it the latest. No subscription event. */
export function invoiceSubscription(context: Context, id: string, input: SubscriptionInvoice): StoredInvoice {
  const subscription = context.inPath(subscriptions, id)
  const customer = liveCustomer(context, subscription.customer, 'customer')
  const { currency } = subscription
  const draft = draftInvoice(context, {
    customer,
    currency,
    billing_reason: input.reason,
    subscription,
    period: input.period,
    lines: input.lines,
    pending: pendingItems(context, { customer: customer.id, subscription: id, currency }),
    discounts: subscription.discounts,
    finalizes_at: input.finalizes_at,
    auto_advance: input.auto_advance,
    description: subscription.description,
  })
  context.store.update(subscriptions, id, { latest_invoice: draft.id })
  spendDiscounts(context, id)
  return draft
}

/** The same, finalised at once and not yet paid. */
export function invoiceNow(
  context: Context,
  id: string,
  input: Omit<SubscriptionInvoice, 'finalizes_at'>,
): StoredInvoice {
  const draft = invoiceSubscription(context, id, { ...input, finalizes_at: null })
  return finalizeInvoice(context, draft.id)
}

/** Settles or collects an invoice of a request, in the way that the request asked for. */
export function payNow(
  context: Context,
  { id }: StoredInvoice,
  { behavior, offSession }: { behavior: PaymentBehavior; offSession: boolean },
): void {
  const invoice = context.inPath(invoices, id)
  if (invoice.amount_due === 0) {
    settleInvoice(context, id, 'nothing_due')
    return
  }
  if (behavior === 'default_incomplete') return
  if (methodFor(context, invoice) === null) throw noPaymentMethod()
  const collected = collectInvoice(context, id, { automatic: false, off_session: offSession })
  if (behavior !== 'error_if_incomplete') return
  if (collected.outcome === 'declined') throw undoing(collected.error)
  if (collected.outcome === 'requires_action') throw actionRequired()
}

/** The same answer, but nothing stays of what the request did. */
const undoing = ({ status, body, rules }: StripeFailure): StripeFailure =>
  new StripeFailure(status, body, { ...rules, keepsEffects: false })

const actionRequired = (): StripeFailure =>
  cardError(
    {
      code: 'subscription_payment_intent_requires_action',
      message:
        'Payment for this subscription requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with `subscription.latest_invoice`.',
    },
    { keepsEffects: false },
  )

/** The whole subscription as it stands. */
export const currentSubscription = (context: Context, { id }: { id: string }): StoredSubscription =>
  context.inPath(subscriptions, id)
