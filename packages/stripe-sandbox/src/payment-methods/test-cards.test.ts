import Stripe from 'stripe'
import { expect, test } from 'vitest'
import { day, hour, openBilling } from '../../test/billing-rig.ts'
import { openRig, payWith } from '../../test/rig.ts'
import { countryCards } from './country-cards.ts'
import { testCards } from './test-cards.ts'

const sumOfLuhn = (number: string): number =>
  [...number].reverse().reduce((sum, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2)
    return sum + (value > 9 ? value - 9 : value)
  }, 0)

test('the numbers are card numbers', () => {
  const broken = Object.entries(testCards).filter(([, { number }]) => sumOfLuhn(number) % 10 !== 0)
  expect(broken).toEqual([])
  expect(Object.keys(countryCards)).toHaveLength(61)
})

test('cards of every country pay', async () => {
  const { stripe } = await openRig('in-process')
  for (const [name, { country }] of Object.entries(countryCards)) {
    const paid = await payWith(stripe, name, { expand: ['payment_method'] })
    expect(paid).toMatchObject({ status: 'succeeded', payment_method: { card: { country } } })
  }
})

const outcomeOf = async (stripe: Stripe, call: Promise<Stripe.PaymentIntent>) => {
  const intent = await call.catch((error: unknown) => {
    if (error instanceof Stripe.errors.StripeCardError && error.payment_intent) return error.payment_intent
    throw error
  })
  const { data } = await stripe.charges.list({ payment_intent: intent.id })
  return { status: intent.status, code: intent.last_payment_error?.decline_code, outcome: data[0]?.outcome }
}

test('Radar blocks at the highest risk, without asking the bank, and lets an elevated one pass', async () => {
  const { stripe } = await openRig('in-process')
  for (const method of ['pm_card_radarBlock', 'pm_card_riskLevelHighest']) {
    expect(await outcomeOf(stripe, payWith(stripe, method))).toMatchObject({
      status: 'requires_payment_method',
      code: 'fraudulent',
      outcome: {
        network_status: 'not_sent_to_network',
        reason: 'highest_risk_level',
        risk_level: 'highest',
        type: 'blocked',
      },
    })
  }
  expect(await outcomeOf(stripe, payWith(stripe, 'pm_card_riskLevelElevated'))).toMatchObject({
    status: 'succeeded',
    outcome: { risk_level: 'elevated', type: 'authorized' },
  })
  expect(await outcomeOf(stripe, payWith(stripe, 'pm_card_visa_chargeDeclined'))).toMatchObject({
    outcome: { network_status: 'declined_by_network', risk_level: 'normal', type: 'issuer_declined' },
  })
})

test.each([
  { method: 'pm_card_threeDSecureOptional', onSession: 'succeeded', offSession: 'succeeded' },
  { method: 'pm_card_threeDSecure2Required', onSession: 'requires_action', offSession: 'authentication_required' },
  { method: 'pm_card_authenticationRequired', onSession: 'requires_action', offSession: 'authentication_required' },
  {
    method: 'pm_card_authenticationRequiredOnSetup',
    onSession: 'requires_action',
    offSession: 'authentication_required',
  },
  {
    method: 'pm_card_authenticationRequiredSetupForOffSession',
    onSession: 'requires_action',
    offSession: 'succeeded',
  },
])('$method asks for authentication when Stripe says so', async ({ method, onSession, offSession }) => {
  const { stripe } = await openRig('in-process')
  expect((await payWith(stripe, method)).status).toBe(onSession)
  const { status, code } = await outcomeOf(stripe, payWith(stripe, method, { off_session: true }))
  expect(code ?? status).toBe(offSession)
})

test.each([
  { method: 'pm_card_threeDSecureRequiredChargeDeclined', code: 'generic_decline' },
  { method: 'pm_card_authenticationRequiredChargeDeclinedInsufficientFunds', code: 'insufficient_funds' },
])('$method is declined after the customer has authenticated', async ({ method, code }) => {
  const { sandbox, stripe } = await openRig('in-process')
  const { id, status } = await payWith(stripe, method)
  expect(status).toBe('requires_action')
  await sandbox.control('POST', `/payment_intents/${id}/authenticate`, { outcome: 'succeed' })
  expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({
    status: 'requires_payment_method',
    last_payment_error: { decline_code: code },
  })
})

test('a dispute has the reason of its card', async () => {
  const { sandbox, stripe } = await openRig('in-process')
  await payWith(stripe, 'pm_card_createDisputeProductNotReceived')
  await sandbox.clock.advance(1)
  expect((await stripe.disputes.list()).data).toMatchObject([
    { reason: 'product_not_received', payment_method_details: { card: { network_reason_code: '13.1' } } },
  ])
})

test('a card that is set up already needs no set-up within a trial, and pays after it', async () => {
  const { sandbox, stripe, subscribe } = await openBilling('pm_card_authenticationRequiredSetupForOffSession')
  const trial = await subscribe({ trial_period_days: 7 })
  expect(trial.pending_setup_intent).toBeNull()
  await sandbox.clock.advance(7 * day + hour)
  expect(await stripe.subscriptions.retrieve(trial.id, { expand: ['latest_invoice'] })).toMatchObject({
    status: 'active',
    latest_invoice: { status: 'paid' },
  })
})
