import type Stripe from 'stripe'
import { defineCollection, type Stored } from '../engine/collection.ts'
import { invalidRequest, type StripeFailure } from '../engine/stripe-failure.ts'

/** A SetupIntent as it is stored. */
export type StoredSetupIntent = Stored<Stripe.SetupIntent>

export const setupIntents = defineCollection<StoredSetupIntent>('setup_intent')
export const setupAttempts = defineCollection<Stored<Stripe.SetupAttempt>>('setup_attempt')

/** 400: the operation does not fit the status. */
export const unexpectedSetupState = (message: string, intent: StoredSetupIntent): StripeFailure =>
  invalidRequest(message, { code: 'setup_intent_unexpected_state', setup_intent: intent })
