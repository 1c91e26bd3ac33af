import { describe, expect, test } from 'vitest'
import { noRedirects, openRig, transports } from '../../test/rig.ts'

describe.each(transports)('setup intents, %s', (transport) => {
  test('save a card with its customer', async () => {
    const { sandbox, stripe, types } = await openRig(transport)
    const customer = await stripe.customers.create()
    const open = await stripe.setupIntents.create({ customer: customer.id, usage: 'on_session', metadata: { a: '1' } })
    expect(open).toMatchObject({ status: 'requires_payment_method', usage: 'on_session' })
    const done = await stripe.setupIntents.confirm(open.id, {
      payment_method: 'pm_card_visa',
      return_url: 'https://a.test',
    })
    expect(done).toMatchObject({ status: 'succeeded', next_action: null })
    const expanded = await stripe.setupIntents.retrieve(open.id, { expand: ['latest_attempt', 'payment_method'] })
    expect(expanded).toMatchObject({
      latest_attempt: { object: 'setup_attempt', status: 'succeeded' },
      payment_method: { customer: customer.id },
    })
    await sandbox.webhooks.settled()
    expect(types()).toEqual([
      'customer.created',
      'setup_intent.created',
      'payment_method.attached',
      'setup_intent.succeeded',
    ])
  })

  test('a refused card leaves the intent open, and a failed authentication too', async () => {
    const { sandbox, stripe, types } = await openRig(transport)
    const params = { confirm: true, automatic_payment_methods: noRedirects }
    await expect(
      stripe.setupIntents.create({ ...params, payment_method: 'pm_card_chargeDeclined' }),
    ).rejects.toMatchObject({
      statusCode: 402,
      code: 'card_declined',
      setup_intent: { status: 'requires_payment_method', last_setup_error: { code: 'card_declined' } },
    })
    const waiting = await stripe.setupIntents.create({ ...params, payment_method: 'pm_card_threeDSecure2Required' })
    expect(waiting.status).toBe('requires_action')
    await sandbox.control('POST', `/setup_intents/${waiting.id}/authenticate`, { outcome: 'fail' })
    expect(await stripe.setupIntents.retrieve(waiting.id)).toMatchObject({
      status: 'requires_payment_method',
      last_setup_error: { code: 'setup_intent_authentication_failure' },
    })
    await sandbox.webhooks.settled()
    expect(types().filter((type) => type === 'setup_intent.setup_failed')).toHaveLength(2)
  })

  test('are canceled once, and need a return_url to be confirmed by a server', async () => {
    const { stripe } = await openRig(transport)
    const open = await stripe.setupIntents.create({ payment_method: 'pm_card_visa' })
    await expect(stripe.setupIntents.confirm(open.id)).rejects.toMatchObject({
      message: expect.stringContaining('return_url'),
    })
    expect(await stripe.setupIntents.cancel(open.id, { cancellation_reason: 'abandoned' })).toMatchObject({
      status: 'canceled',
    })
    await expect(stripe.setupIntents.cancel(open.id)).rejects.toMatchObject({ code: 'setup_intent_unexpected_state' })
  })

  test('are updated and listed', async () => {
    const { stripe } = await openRig(transport)
    const customer = await stripe.customers.create()
    const open = await stripe.setupIntents.create()
    const changed = await stripe.setupIntents.update(open.id, {
      customer: customer.id,
      payment_method: 'pm_card_visa',
      description: 'x',
    })
    expect(changed).toMatchObject({ status: 'requires_confirmation', customer: customer.id, description: 'x' })
    await stripe.setupIntents.create()
    expect((await stripe.setupIntents.list({ customer: customer.id })).data).toMatchObject([{ id: open.id }])
  })
})
