import type { ErrorCode } from '../engine/stripe-failure.ts'
import { countryCards } from './country-cards.ts'

/** Why a card is declined, in the words of Stripe's answer. */
export interface Decline {
  readonly code: ErrorCode
  readonly message: string
  readonly decline_code?: string
  readonly advice_code?: 'confirm_card_data' | 'do_not_try_again' | 'try_again_later'
  readonly network_decline_code?: string
  readonly param?: string
}

/** How a test card behaves. */
export interface TestCard {
  readonly brand: 'visa' | 'mastercard' | 'amex' | 'discover' | 'diners' | 'jcb' | 'unionpay'
  readonly number: string
  readonly country: string
  readonly funding: 'credit' | 'debit' | 'prepaid'
  /** Declined on every charge. */
  readonly decline?: Decline
  /** Declined already when it is attached or set up. */
  readonly declinesAttach?: true
  /**
   * When a payment asks for authentication. `always`: each time. `unless_set_up`: not off-session after a set-up that was
   * authenticated. `on_session`: never off-session, as if it were set up already.
   */
  readonly authentication?: 'always' | 'unless_set_up' | 'on_session'
  readonly refund?: 'pending' | 'fails'
  /** The reason for which the charge will be disputed. */
  readonly dispute?: 'fraudulent' | 'product_not_received'
  /** What Radar thinks of it. A payment at the highest risk is blocked, and the bank never asked. */
  readonly risk?: 'elevated' | 'highest'
  /** Funds are available at once. */
  readonly bypassPending?: true
}

const visa = { brand: 'visa', country: 'US', funding: 'credit' } as const

const genericDecline: Decline = {
  code: 'card_declined',
  decline_code: 'generic_decline',
  advice_code: 'try_again_later',
  network_decline_code: '01',
  message: 'Your card was declined.',
}

const declined = (number: string, decline: Decline): TestCard => ({ ...visa, number, decline, declinesAttach: true })

/** A card without authentication where it was asked for. */
export const authenticationRequired: Decline = {
  code: 'authentication_required',
  decline_code: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
}

/** `error_on_requires_action`: nobody is there to authenticate. */
export const authenticationNotHandled: Decline = {
  ...authenticationRequired,
  decline_code: 'authentication_not_handled',
}

/** The customer failed or left the 3-D Secure step. */
export const authenticationFailed: Decline = {
  code: 'payment_intent_authentication_failure',
  message:
    'The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.',
}

const blocked: Decline = { code: 'card_declined', decline_code: 'fraudulent', message: 'Your card was declined.' }

const insufficientFunds: Decline = {
  code: 'card_declined',
  decline_code: 'insufficient_funds',
  advice_code: 'try_again_later',
  network_decline_code: '51',
  message: 'Your card has insufficient funds.',
}

const genericDeclined = declined('4000000000000002', genericDecline)

/** The test payment methods, by the id that stands for them. */
export const testCards: Readonly<Record<string, TestCard>> = {
  ...countryCards,
  pm_card_visa: { ...visa, number: '4242424242424242' },
  pm_card_visa_debit: { ...visa, number: '4000056655665556', funding: 'debit' },
  pm_card_mastercard: { ...visa, brand: 'mastercard', number: '5555555555554444' },
  pm_card_mastercard_debit: { ...visa, brand: 'mastercard', number: '5200828282828210', funding: 'debit' },
  pm_card_mastercard_prepaid: { ...visa, brand: 'mastercard', number: '5105105105105100', funding: 'prepaid' },
  pm_card_amex: { ...visa, brand: 'amex', number: '378282246310005' },
  pm_card_discover: { ...visa, brand: 'discover', number: '6011111111111117' },
  pm_card_diners: { ...visa, brand: 'diners', number: '3056930009020004' },
  pm_card_jcb: { ...visa, brand: 'jcb', number: '3566002020360505', country: 'JP' },
  pm_card_unionpay: { ...visa, brand: 'unionpay', number: '6200000000000005', country: 'CN' },
  pm_card_chargeDeclined: genericDeclined,
  pm_card_visa_chargeDeclined: genericDeclined,
  pm_card_visa_chargeDeclinedInsufficientFunds: declined('4000000000009995', insufficientFunds),
  pm_card_visa_chargeDeclinedLostCard: declined('4000000000009987', {
    code: 'card_declined',
    decline_code: 'lost_card',
    advice_code: 'do_not_try_again',
    network_decline_code: '41',
    message: 'Your card was declined.',
  }),
  pm_card_visa_chargeDeclinedStolenCard: declined('4000000000009979', {
    code: 'card_declined',
    decline_code: 'stolen_card',
    advice_code: 'do_not_try_again',
    network_decline_code: '43',
    message: 'Your card was declined.',
  }),
  pm_card_chargeDeclinedExpiredCard: declined('4000000000000069', {
    code: 'expired_card',
    advice_code: 'confirm_card_data',
    network_decline_code: '54',
    param: 'exp_month',
    message: 'Your card has expired.',
  }),
  pm_card_chargeDeclinedIncorrectCvc: declined('4000000000000127', {
    code: 'incorrect_cvc',
    advice_code: 'confirm_card_data',
    network_decline_code: '82',
    param: 'cvc',
    message: "Your card's security code is incorrect.",
  }),
  pm_card_chargeDeclinedProcessingError: declined('4000000000000119', {
    code: 'processing_error',
    advice_code: 'try_again_later',
    message: 'An error occurred while processing your card. Try again in a little bit.',
  }),
  pm_card_visa_chargeDeclinedVelocityLimitExceeded: declined('4000000000006975', {
    code: 'card_declined',
    decline_code: 'card_velocity_exceeded',
    advice_code: 'try_again_later',
    network_decline_code: '61',
    message: 'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
  }),
  pm_card_chargeCustomerFail: { ...visa, number: '4000000000000341', decline: genericDecline },
  pm_card_authenticationRequired: { ...visa, number: '4000002760003184', country: 'DE', authentication: 'always' },
  pm_card_authenticationRequiredOnSetup: {
    ...visa,
    number: '4000002500003155',
    country: 'IE',
    authentication: 'unless_set_up',
  },
  pm_card_authenticationRequiredSetupForOffSession: {
    ...visa,
    number: '4000003800000446',
    country: 'IT',
    authentication: 'on_session',
  },
  pm_card_authenticationRequiredChargeDeclinedInsufficientFunds: {
    ...visa,
    number: '4000008260003178',
    country: 'GB',
    authentication: 'unless_set_up',
    decline: insufficientFunds,
  },
  pm_card_threeDSecureOptional: { ...visa, number: '4000000000003055' },
  pm_card_threeDSecureRequiredChargeDeclined: {
    ...visa,
    number: '4000008400001629',
    authentication: 'always',
    decline: genericDecline,
  },
  pm_card_threeDSecure2Required: { ...visa, number: '4000000000003220', authentication: 'always' },
  pm_card_pendingRefund: { ...visa, number: '4000000000007726', refund: 'pending' },
  pm_card_refundFail: { ...visa, number: '4000000000005126', refund: 'fails' },
  pm_card_createDispute: { ...visa, number: '4000000000000259', dispute: 'fraudulent' },
  pm_card_createDisputeProductNotReceived: { ...visa, number: '4000000000002685', dispute: 'product_not_received' },
  pm_card_radarBlock: { ...visa, number: '4100000000000019', decline: blocked, risk: 'highest' },
  pm_card_riskLevelHighest: { ...visa, number: '4000000000004954', decline: blocked, risk: 'highest' },
  pm_card_riskLevelElevated: { ...visa, number: '4000000000009235', risk: 'elevated' },
  pm_card_bypassPending: { ...visa, number: '4000000000000077', bypassPending: true },
  pm_card_bypassPendingInternational: { ...visa, number: '4000003720000278', country: 'IE', bypassPending: true },
}
