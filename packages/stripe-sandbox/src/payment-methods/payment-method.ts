import type Stripe from 'stripe'
import { defineCollection, definePrivateCollection, type Row, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import { codeFor } from '../engine/ids.ts'
import { resourceMissing } from '../engine/stripe-failure.ts'
import { type TestCard, testCards } from './test-cards.ts'

/** A payment method as it is stored. All of them are cards. */
export type StoredPaymentMethod = Stored<Stripe.PaymentMethod> & { readonly card: Stripe.PaymentMethod.Card }

export const paymentMethods = defineCollection<StoredPaymentMethod>('payment_method')

/** What only the issuer and Stripe know of a card. */
export interface CardFacts extends Row {
  /** Which test card it is. */
  readonly token: string
  /** Used once without a customer, or detached: never again usable. */
  readonly spent: boolean
  /** Taken from its customer: it never gets one again. */
  readonly detached?: boolean
  /** Authenticated by the customer for later payments. */
  readonly set_up: boolean
}

export const cardFacts = definePrivateCollection<CardFacts>('card_facts')

/** What a new payment method may carry. */
export interface NewPaymentMethod {
  readonly billing_details?: Stripe.PaymentMethod.BillingDetails
  readonly metadata?: Record<string, string>
  readonly allow_redisplay?: 'always' | 'limited' | 'unspecified'
}

const noBillingDetails: Stripe.PaymentMethod.BillingDetails = {
  address: { city: null, country: null, line1: null, line2: null, postal_code: null, state: null },
  email: null,
  name: null,
  phone: null,
  tax_id: null,
}

/** Makes a payment method from a test card, as each use of a `pm_card_…` id does. */
export function makePaymentMethod(context: Context, token: string, input: NewPaymentMethod = {}): StoredPaymentMethod {
  const test = testCards[token]
  if (test === undefined) throw resourceMissing('PaymentMethod', token, { param: 'payment_method' })
  const id = context.newId('pm')
  context.store.put(cardFacts, { id, token, spent: false, set_up: false })
  return context.store.put(paymentMethods, {
    id,
    object: 'payment_method',
    allow_redisplay: input.allow_redisplay ?? 'unspecified',
    billing_details: input.billing_details ?? noBillingDetails,
    card: cardOf(test, context.now),
    created: context.now,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: input.metadata ?? {},
    type: 'card',
  })
}

/** Whether an id is a test id, which stands for a new payment method each time. */
export const isTestMethod = (id: string): boolean => Object.hasOwn(testCards, id)

/** The payment method that a parameter names, or 400. A test id makes a new one. */
export function usablePaymentMethod(context: Context, id: string, param: string): StoredPaymentMethod {
  return isTestMethod(id) ? makePaymentMethod(context, id) : context.inParam(paymentMethods, id, param)
}

/** The same for an id in the path, or 404. */
export function paymentMethodInPath(context: Context, id: string): StoredPaymentMethod {
  if (isTestMethod(id)) return makePaymentMethod(context, id)
  return context.inPath(paymentMethods, id, 'payment_method')
}

/** How the card behind a payment method behaves. */
export function behaviourOf(context: Context, id: string): { facts: CardFacts; card: TestCard } {
  const facts = context.store.find(cardFacts, id)
  const card = facts && testCards[facts.token]
  if (facts === undefined || card === undefined) throw new Error(`the sandbox knows no card behind ${id}`)
  return { facts, card }
}

const displayBrands: Readonly<Record<string, string>> = {
  amex: 'american_express',
  diners: 'diners_club',
  unionpay: 'union_pay',
}

function cardOf(test: TestCard, now: number): Stripe.PaymentMethod.Card {
  const date = new Date(now * 1000)
  return {
    brand: test.brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'unchecked' },
    country: test.country,
    display_brand: displayBrands[test.brand] ?? test.brand,
    exp_month: date.getUTCMonth() + 1,
    exp_year: date.getUTCFullYear() + 1,
    fingerprint: codeFor(test.number, 16),
    funding: test.funding,
    generated_from: null,
    last4: test.number.slice(-4),
    networks: { available: [test.brand], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  }
}
