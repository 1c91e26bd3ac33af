import type Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { authorized, noRedirects, openRig, payWith, transports } from '../../test/rig.ts'

describe.each(transports)('payment intents, %s', (transport) => {
  test('a good card succeeds at once and its funds are booked a moment later', async () => {
    const { sandbox, stripe, types } = await openRig(transport)
    const paid = await payWith(stripe, 'pm_card_visa', { metadata: { order: '7' }, description: 'Order 7' })
    expect(paid).toMatchObject({
      status: 'succeeded',
      amount: 2000,
      amount_received: 2000,
      capture_method: 'automatic_async',
      metadata: { order: '7' },
      payment_method_types: ['card'],
    })
    expect(paid.payment_method).toMatch(/^pm_\w{24}$/)
    const { latest_charge: charge } = await stripe.paymentIntents.retrieve(paid.id, { expand: ['latest_charge'] })
    expect(charge).toMatchObject({ object: 'charge', paid: true, captured: true, balance_transaction: null })
    await sandbox.webhooks.settled()
    expect(types()).toEqual(['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded'])
    await sandbox.clock.advance(1)
    expect(types().at(-1)).toBe('charge.updated')
    const later = await stripe.paymentIntents.retrieve(paid.id, { expand: ['latest_charge.balance_transaction'] })
    expect(later.latest_charge).toMatchObject({ balance_transaction: { amount: 2000, fee: 88, net: 1912 } })
  })

  test.each([
    { token: 'pm_card_chargeDeclined', code: 'card_declined', decline: 'generic_decline' },
    { token: 'pm_card_visa_chargeDeclined', code: 'card_declined', decline: 'generic_decline' },
    { token: 'pm_card_visa_chargeDeclinedInsufficientFunds', code: 'card_declined', decline: 'insufficient_funds' },
    { token: 'pm_card_visa_chargeDeclinedLostCard', code: 'card_declined', decline: 'lost_card' },
    { token: 'pm_card_visa_chargeDeclinedStolenCard', code: 'card_declined', decline: 'stolen_card' },
    { token: 'pm_card_chargeDeclinedExpiredCard', code: 'expired_card', decline: undefined },
    { token: 'pm_card_chargeDeclinedIncorrectCvc', code: 'incorrect_cvc', decline: undefined },
    { token: 'pm_card_chargeDeclinedProcessingError', code: 'processing_error', decline: undefined },
    {
      token: 'pm_card_visa_chargeDeclinedVelocityLimitExceeded',
      code: 'card_declined',
      decline: 'card_velocity_exceeded',
    },
    { token: 'pm_card_chargeCustomerFail', code: 'card_declined', decline: 'generic_decline' },
  ])('$token is declined with $code / $decline, and the intent stays open', async ({ token, code, decline }) => {
    const { sandbox, stripe, types } = await openRig(transport)
    const error = await payWith(stripe, token).catch((thrown: Stripe.errors.StripeCardError) => thrown)
    expect(error).toMatchObject({ type: 'StripeCardError', statusCode: 402, rawType: 'card_error', code })
    if (!('payment_intent' in error) || error.payment_intent === undefined) throw new Error('no intent in the error')
    expect(error.decline_code).toBe(decline ?? '')
    const stored = await stripe.paymentIntents.retrieve(error.payment_intent.id)
    expect(stored).toMatchObject({
      status: 'requires_payment_method',
      payment_method: null,
      last_payment_error: { type: 'card_error', code, payment_method: { object: 'payment_method' } },
    })
    expect(await stripe.charges.retrieve(String(stored.latest_charge))).toMatchObject({ status: 'failed', paid: false })
    await sandbox.webhooks.settled()
    expect(types()).toEqual(['payment_intent.created', 'charge.failed', 'payment_intent.payment_failed'])
    const again = await stripe.paymentIntents.confirm(stored.id, { payment_method: 'pm_card_visa' })
    expect(again).toMatchObject({ status: 'succeeded', last_payment_error: null })
  })

  test('3-D Secure on-session waits for the customer, and both ends of it are told', async () => {
    const { sandbox, stripe, types } = await openRig(transport)
    const waiting = await payWith(stripe, 'pm_card_threeDSecure2Required', { return_url: 'https://shop.test/back' })
    expect(waiting).toMatchObject({
      status: 'requires_action',
      latest_charge: null,
      next_action: { type: 'redirect_to_url', redirect_to_url: { return_url: 'https://shop.test/back' } },
    })
    await sandbox.control('POST', `/payment_intents/${waiting.id}/authenticate`, { outcome: 'fail' })
    expect(await stripe.paymentIntents.retrieve(waiting.id)).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { code: 'payment_intent_authentication_failure' },
    })
    const second = await stripe.paymentIntents.confirm(waiting.id, { payment_method: 'pm_card_authenticationRequired' })
    expect(second).toMatchObject({ status: 'requires_action', next_action: { type: 'use_stripe_sdk' } })
    await sandbox.control('POST', `/payment_intents/${waiting.id}/authenticate`, { outcome: 'succeed' })
    const paid = await stripe.paymentIntents.retrieve(waiting.id, { expand: ['latest_charge'] })
    expect(paid.latest_charge).toMatchObject({
      payment_method_details: { card: { three_d_secure: { result: 'authenticated' } } },
    })
    await sandbox.webhooks.settled()
    expect(types()).toEqual([
      'payment_intent.created',
      'payment_intent.requires_action',
      'payment_intent.payment_failed',
      'payment_intent.requires_action',
      'charge.succeeded',
      'payment_intent.succeeded',
    ])
  })

  test('a card that needs the customer is declined off-session, and not handled on request', async () => {
    const { stripe } = await openRig(transport)
    await expect(payWith(stripe, 'pm_card_authenticationRequired', { off_session: true })).rejects.toMatchObject({
      code: 'authentication_required',
      decline_code: 'authentication_required',
      payment_intent: { status: 'requires_payment_method' },
    })
    await expect(
      payWith(stripe, 'pm_card_authenticationRequired', { error_on_requires_action: true }),
    ).rejects.toMatchObject({ code: 'authentication_required', decline_code: 'authentication_not_handled' })
  })

  test('a card that was set up once passes off-session', async () => {
    const { sandbox, stripe } = await openRig(transport)
    const customer = await stripe.customers.create()
    const fresh = await stripe.paymentMethods.attach('pm_card_authenticationRequiredOnSetup', { customer: customer.id })
    const charge = () => payWith(stripe, fresh.id, { customer: customer.id, off_session: true })
    await expect(charge()).rejects.toMatchObject({ code: 'authentication_required' })
    const setup = await stripe.setupIntents.create({
      customer: customer.id,
      payment_method: fresh.id,
      confirm: true,
      automatic_payment_methods: noRedirects,
    })
    expect(setup.status).toBe('requires_action')
    await sandbox.control('POST', `/setup_intents/${setup.id}/authenticate`, { outcome: 'succeed' })
    expect((await charge()).status).toBe('succeeded')
    // A customer who is there is asked each time.
    expect((await payWith(stripe, fresh.id, { customer: customer.id })).status).toBe('requires_action')
  })

  test('capture takes a part, lets the rest go, and only once', async () => {
    const { sandbox, stripe, types } = await openRig(transport)
    const held = await payWith(stripe, 'pm_card_visa', { capture_method: 'manual' })
    expect(held).toMatchObject({ status: 'requires_capture', amount_capturable: 2000, amount_received: 0 })
    await expect(stripe.paymentIntents.capture(held.id, { amount_to_capture: 2001 })).rejects.toMatchObject({
      code: 'amount_too_large',
      param: 'amount_to_capture',
    })
    const captured = await stripe.paymentIntents.capture(held.id, {
      amount_to_capture: 1500,
      expand: ['latest_charge'],
    })
    expect(captured).toMatchObject({
      status: 'succeeded',
      amount: 2000,
      amount_received: 1500,
      latest_charge: { amount: 2000, amount_captured: 1500, amount_refunded: 0, captured: true },
    })
    await expect(stripe.paymentIntents.capture(held.id)).rejects.toMatchObject({
      code: 'payment_intent_unexpected_state',
      payment_intent: { id: held.id },
    })
    await sandbox.clock.advance(8 * 86_400)
    expect((await stripe.paymentIntents.retrieve(held.id)).status).toBe('succeeded')
    expect(types()).toContain('charge.captured')
    await expect(stripe.refunds.create({ payment_intent: held.id, amount: 1501 })).rejects.toMatchObject({
      message: 'Refund amount ($15.01) is greater than unrefunded amount on charge ($15.00)',
    })
  })

  test('a payment that nobody captures is let go after seven days, without a refund', async () => {
    const { sandbox, stripe, types } = await openRig(transport)
    const held = await payWith(stripe, 'pm_card_visa', { capture_method: 'manual' })
    await sandbox.clock.advance(7 * 86_400 - 1)
    expect((await stripe.paymentIntents.retrieve(held.id)).status).toBe('requires_capture')
    await sandbox.clock.advance(1)
    expect(await stripe.paymentIntents.retrieve(held.id, { expand: ['latest_charge'] })).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'expired',
      amount_capturable: 0,
      latest_charge: { captured: false, refunded: false, amount_captured: 0, amount_refunded: 0 },
    })
    expect((await stripe.refunds.list({ payment_intent: held.id })).data).toEqual([])
    expect(types()).not.toContain('charge.refunded')
    expect(types()).toEqual(expect.arrayContaining(['charge.expired', 'payment_intent.canceled']))
  })

  test('cancel ends what is open and refuses what is done', async () => {
    const { stripe } = await openRig(transport)
    const open = await stripe.paymentIntents.create({ amount: 500, currency: 'eur' })
    expect(open.status).toBe('requires_payment_method')
    expect(await stripe.paymentIntents.cancel(open.id, { cancellation_reason: 'abandoned' })).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'abandoned',
    })
    await expect(stripe.paymentIntents.cancel(open.id)).rejects.toMatchObject({
      code: 'payment_intent_unexpected_state',
    })
    await expect(
      stripe.paymentIntents.confirm(open.id, { payment_method: 'pm_card_visa', return_url: 'https://a.test' }),
    ).rejects.toMatchObject({
      code: 'payment_intent_unexpected_state',
    })
  })

  test('update changes an open intent, but not the sum of a paid one', async () => {
    const { stripe } = await openRig(transport)
    const open = await stripe.paymentIntents.create({ amount: 500, currency: 'usd', metadata: { a: '1', b: '2' } })
    const changed = await stripe.paymentIntents.update(open.id, {
      amount: 700,
      payment_method: 'pm_card_visa',
      metadata: { a: '', c: '3' },
    })
    expect(changed).toMatchObject({ amount: 700, status: 'requires_confirmation', metadata: { b: '2', c: '3' } })
    const paid = await stripe.paymentIntents.confirm(open.id, { return_url: 'https://shop.test/back' })
    expect(paid.status).toBe('succeeded')
    await expect(stripe.paymentIntents.update(open.id, { amount: 900 })).rejects.toMatchObject({
      code: 'payment_intent_unexpected_state',
    })
    expect(await stripe.paymentIntents.update(open.id, { description: 'later' })).toMatchObject({
      description: 'later',
    })
  })

  test.each([
    { why: 'a sum of 0', params: { amount: 0 }, error: { code: 'parameter_invalid_integer', param: 'amount' } },
    {
      why: 'a sum below the minimum',
      params: { amount: 49 },
      error: { code: 'amount_too_small', message: 'Amount must be at least $0.50 usd' },
    },
    {
      why: 'a sum above the maximum',
      params: { amount: 100_000_000 },
      error: { code: 'amount_too_large', param: 'amount' },
    },
    { why: 'yen below 50', params: { amount: 49, currency: 'jpy' }, error: { code: 'amount_too_small' } },
    {
      why: 'three decimals that do not end in 0',
      params: { amount: 1001, currency: 'kwd' },
      error: { param: 'amount' },
    },
    { why: 'parts of a króna', params: { amount: 1050, currency: 'isk' }, error: { param: 'amount' } },
    ...['xyz', 'euro'].map((currency) => ({
      why: `the unknown currency ${currency}`,
      params: { currency },
      error: {
        param: 'currency',
        message: expect.stringMatching(
          `^Invalid currency: ${currency}. Stripe currently supports these currencies: usd, `,
        ),
      },
    })),
    {
      why: 'an unknown customer',
      params: { customer: 'cus_none' },
      error: { code: 'resource_missing', param: 'customer', statusCode: 400 },
    },
    {
      why: 'an unknown payment method',
      params: { payment_method: 'pm_none' },
      error: { code: 'resource_missing', param: 'payment_method' },
    },
    { why: 'off_session without confirm', params: { off_session: true }, error: { param: 'off_session' } },
    { why: 'return_url without confirm', params: { return_url: 'https://a.test' }, error: { param: 'return_url' } },
    {
      why: 'asking for 3-D Secure, which the test id decides',
      params: { payment_method_options: { card: { request_three_d_secure: 'any' as const } } },
      error: { param: 'payment_method_options[card][request_three_d_secure]' },
    },
    {
      why: 'confirm without return_url',
      params: { confirm: true, payment_method: 'pm_card_visa' },
      error: { rawType: 'invalid_request_error', message: expect.stringContaining('return_url') },
    },
    {
      why: 'confirm without a payment method',
      params: { confirm: true, automatic_payment_methods: noRedirects },
      error: { code: 'payment_intent_unexpected_state' },
    },
  ])('refuses $why and leaves nothing behind', async ({ params, error }) => {
    const { sandbox, stripe } = await openRig(transport)
    await expect(stripe.paymentIntents.create({ amount: 2000, currency: 'usd', ...params })).rejects.toMatchObject({
      statusCode: 400,
      ...error,
    })
    expect(sandbox.state.all('payment_intent')).toEqual([])
    expect(sandbox.state.all('event')).toEqual([])
  })

  test('refuses parameters that endive no longer has', async () => {
    const { raw } = await openRig(transport)
    const body = 'amount=2000&currency=usd&payment_method_types[0]=card'
    const answer = await raw('/v1/payment_intents', { method: 'POST', headers: authorized, body })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      error: {
        code: 'parameter_unknown',
        param: 'payment_method_types',
        message: 'Received unknown parameter: payment_method_types',
      },
    })
  })

  test('allowed_payment_method_types needs no return_url', async () => {
    const { stripe } = await openRig(transport)
    const paid = await stripe.paymentIntents.create({
      amount: 2000,
      currency: 'USD',
      payment_method: 'pm_card_mastercard',
      confirm: true,
      allowed_payment_method_types: ['card'],
    })
    expect(paid).toMatchObject({ status: 'succeeded', currency: 'usd', automatic_payment_methods: null })
  })

  test('a browser confirms with its client secret, and sees nothing without it', async () => {
    const { sandbox, stripe, raw } = await openRig(transport)
    const open = await stripe.paymentIntents.create({ amount: 2000, currency: 'usd' })
    const headers = { authorization: 'Bearer pk_test_shop' }
    expect((await raw(`/v1/payment_intents/${open.id}`, { headers })).status).toBe(400)
    expect((await raw(`/v1/payment_intents/${open.id}?client_secret=wrong`, { headers })).status).toBe(400)
    expect((await raw('/v1/payment_intents', { headers })).status).toBe(403)
    const body = `client_secret=${open.client_secret}&payment_method=pm_card_visa`
    const paid = await raw(`/v1/payment_intents/${open.id}/confirm`, { method: 'POST', headers, body })
    expect(await paid.json()).toMatchObject({ status: 'succeeded' })
    await sandbox.webhooks.settled()
  })

  test('lists by customer and time, newest first, with cursors both ways', async () => {
    const { sandbox, stripe } = await openRig(transport)
    const customer = await stripe.customers.create()
    const ids: string[] = []
    for (let index = 0; index < 5; index += 1) {
      ids.unshift(
        (await stripe.paymentIntents.create({ amount: 1000 + index, currency: 'usd', customer: customer.id })).id,
      )
      await sandbox.clock.advance(10)
    }
    await stripe.paymentIntents.create({ amount: 999, currency: 'usd' })
    const all = await stripe.paymentIntents.list({ customer: customer.id, limit: 2 }).autoPagingToArray({ limit: 10 })
    expect(all.map(({ id }) => id)).toEqual(ids)
    const before = await stripe.paymentIntents.list({ customer: customer.id, limit: 2, ending_before: ids[3] ?? '' })
    expect(before).toMatchObject({ has_more: true, data: [{ id: ids[1] }, { id: ids[2] }] })
    const start = all.at(-1)?.created ?? 0
    const early = await stripe.paymentIntents.list({ created: { gte: start, lt: start + 11 } })
    expect(early.data.map(({ id }) => id)).toEqual(ids.slice(3))
    await expect(stripe.paymentIntents.list({ starting_after: 'pi_none' })).rejects.toMatchObject({
      param: 'starting_after',
    })
    await expect(stripe.paymentIntents.list({ limit: 101 })).rejects.toMatchObject({ param: 'limit' })
  })
})
