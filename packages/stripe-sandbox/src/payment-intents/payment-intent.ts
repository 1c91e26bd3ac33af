import type Stripe from 'stripe'
import { defineCollection, type Stored } from '../engine/collection.ts'
import { invalidRequest, type StripeFailure } from '../engine/stripe-failure.ts'

/** A PaymentIntent as it is stored. */
export type StoredPaymentIntent = Stored<Stripe.PaymentIntent>

export const paymentIntents = defineCollection<StoredPaymentIntent>('payment_intent')

/** The task that cancels a payment that was never captured. */
export const expireTask = 'payment_intent.expire'

/** Held sums are given back after so many seconds. */
export const captureWindow = 7 * 24 * 60 * 60

/** 400: the operation does not fit the status. The whole intent comes with it, as in Stripe's answer. */
export const unexpectedState = (message: string, intent: StoredPaymentIntent): StripeFailure =>
  invalidRequest(message, { code: 'payment_intent_unexpected_state', payment_intent: intent })
