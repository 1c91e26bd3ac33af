import type Stripe from 'stripe'
import { defineCollection, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import type { StoredPaymentIntent } from '../payment-intents/payment-intent.ts'
import { behaviourOf, type StoredPaymentMethod } from '../payment-methods/payment-method.ts'
import type { Decline, TestCard } from '../payment-methods/test-cards.ts'
import { bookOnBalance } from './balance-transaction.ts'

/** A charge as it is stored. */
export type StoredCharge = Stored<Stripe.Charge>

export const charges = defineCollection<StoredCharge>('charge')

/** The task that books the funds of an `automatic_async` charge. */
export const settleChargeTask = 'charge.settle'

/** Seconds until the funds of an `automatic_async` charge are booked. */
const settleChargeAfter = 1

const authorizationLasts = 7 * 24 * 60 * 60

interface ChargeAttempt {
  readonly intent: StoredPaymentIntent
  readonly method: StoredPaymentMethod
  readonly authenticated: boolean
}

/** Makes the charge that the bank has accepted: captured, or held for a later capture. */
export function chargeCard(context: Context, attempt: ChargeAttempt): StoredCharge {
  const { intent, method } = attempt
  const { card } = behaviourOf(context, method.id)
  const captured = intent.capture_method !== 'manual'
  const charge = context.store.put(charges, {
    ...blankCharge(context, attempt),
    amount_captured: captured ? intent.amount : 0,
    captured,
    outcome: {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: 'approved_by_network',
      reason: null,
      ...riskOf(context, card),
      seller_message: 'Payment complete.',
      type: 'authorized',
    },
    paid: true,
    status: 'succeeded',
  })
  if (!captured) {
    context.emit('charge.succeeded', charge)
    return charge
  }
  if (intent.capture_method === 'automatic_async') {
    context.emit('charge.succeeded', charge)
    context.schedule({ at: context.now + settleChargeAfter, kind: settleChargeTask, id: charge.id })
    return charge
  }
  const booked = bookCharge(context, charge, card.bypassPending === true)
  context.emit('charge.succeeded', booked)
  return booked
}

/** Books what was captured on the balance. */
export function bookCharge(context: Context, charge: StoredCharge, available: boolean): StoredCharge {
  const { id: source, currency, amount_captured: amount } = charge
  const booking = bookOnBalance(context, { kind: 'charge', amount, currency, source, available })
  return context.store.update(charges, charge.id, { balance_transaction: booking.id })
}

/** Makes the charge that the bank has refused. */
export function chargeDeclined(context: Context, attempt: ChargeAttempt, decline: Decline): StoredCharge {
  const { card } = behaviourOf(context, attempt.method.id)
  const charge = context.store.put(charges, {
    ...blankCharge(context, attempt),
    failure_code: decline.code,
    failure_message: decline.message,
    outcome: {
      advice_code: decline.advice_code ?? null,
      network_advice_code: null,
      network_decline_code: decline.network_decline_code ?? null,
      ...(card.risk === 'highest'
        ? {
            network_status: 'not_sent_to_network',
            reason: 'highest_risk_level',
            seller_message: 'Stripe blocked this payment as too risky.',
            type: 'blocked',
          }
        : {
            network_status: 'declined_by_network',
            reason: decline.decline_code ?? decline.code,
            seller_message: 'The bank did not return any further details with this decline.',
            type: 'issuer_declined',
          }),
      ...riskOf(context, card),
    },
    receipt_url: null,
  })
  context.emit('charge.failed', charge)
  return charge
}

/** Radar's scores of up to 100, by level. */
const riskScores = {
  normal: { least: 0, count: 64 },
  elevated: { least: 65, count: 10 },
  highest: { least: 75, count: 25 },
} as const

function riskOf(context: Context, card: TestCard): { risk_level: string; risk_score: number } {
  const level = card.risk ?? 'normal'
  const { least, count } = riskScores[level]
  return { risk_level: level, risk_score: least + Math.floor(context.random('risk') * count) }
}

function blankCharge(context: Context, attempt: ChargeAttempt): StoredCharge {
  const { intent, method } = attempt
  const id = context.newId('ch')
  const { email = null, name = null, phone = null, tax_id = null, address } = method.billing_details
  return {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: { address: address ?? null, email, name, phone, tax_id },
    calculated_statement_descriptor: 'FLORIN',
    captured: false,
    created: context.now,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: null,
    paid: false,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: { card: cardDetails(context, attempt), type: 'card' },
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: `https://pay.stripe.com/receipts/payment/${id}`,
    refunded: false,
    review: null,
    shipping: intent.shipping,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: 'failed',
    transfer_data: null,
    transfer_group: intent.transfer_group,
  }
}

function cardDetails(
  context: Context,
  { intent, method, authenticated }: ChargeAttempt,
): Stripe.Charge.PaymentMethodDetails.Card {
  const { card } = method
  const held = intent.capture_method === 'manual'
  return {
    amount_authorized: intent.amount,
    authorization_code: context.newCode('authorization', 6),
    brand: card.brand,
    ...(held ? { capture_before: context.now + authorizationLasts } : {}),
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: card.checks?.cvc_check ?? null },
    country: card.country,
    electronic_commerce_indicator: authenticated ? '05' : null,
    exp_month: card.exp_month,
    exp_year: card.exp_year,
    extended_authorization: { status: 'disabled' },
    fingerprint: card.fingerprint ?? null,
    funding: card.funding,
    incremental_authorization: { status: 'unavailable' },
    installments: null,
    last4: card.last4,
    mandate: null,
    multicapture: { status: 'unavailable' },
    network: card.brand,
    network_token: { used: false },
    network_transaction_id: context.newCode('network_transaction', 15),
    overcapture: { maximum_amount_capturable: intent.amount, status: 'unavailable' },
    regulated_status: 'unregulated',
    three_d_secure: authenticated ? threeDSecureDone(context) : null,
    transaction_link_id: null,
    wallet: null,
  }
}

const threeDSecureDone = (context: Context): Stripe.Charge.PaymentMethodDetails.Card.ThreeDSecure => ({
  authentication_flow: 'challenge',
  electronic_commerce_indicator: '05',
  exemption_indicator: null,
  result: 'authenticated',
  result_reason: null,
  transaction_id: context.newCode('three_d_secure', 36),
  version: '2.2.0',
})
