import { describe, expect, test } from 'vitest'
import { openRig, payWith, transports } from '../../test/rig.ts'

describe.each(transports)('refunds, %s', (transport) => {
  test('in parts, until nothing is left', async () => {
    const { sandbox, stripe, received } = await openRig(transport)
    const paid = await payWith(stripe)
    const first = await stripe.refunds.create({
      payment_intent: paid.id,
      amount: 500,
      reason: 'duplicate',
      metadata: { a: '1' },
    })
    expect(first).toMatchObject({ status: 'succeeded', amount: 500, charge: paid.latest_charge, reason: 'duplicate' })
    await expect(stripe.refunds.create({ payment_intent: paid.id, amount: 1501 })).rejects.toMatchObject({
      statusCode: 400,
      param: 'amount',
      message: 'Refund amount ($15.01) is greater than unrefunded amount on charge ($15.00)',
    })
    const rest = await stripe.refunds.create({ charge: String(paid.latest_charge) })
    expect(rest.amount).toBe(1500)
    await expect(stripe.refunds.create({ payment_intent: paid.id })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    })
    const charge = await stripe.charges.retrieve(String(paid.latest_charge), { expand: ['refunds'] })
    expect(charge).toMatchObject({
      amount_refunded: 2000,
      refunded: true,
      refunds: { data: [{ id: rest.id }, { id: first.id }] },
    })
    await sandbox.webhooks.settled()
    const events = received.filter(({ type }) => type === 'charge.refunded')
    expect(events.map(({ data }) => data.previous_attributes)).toEqual([
      { amount_refunded: 0 },
      { amount_refunded: 500, refunded: false },
    ])
    expect(events[0]?.data.object).not.toHaveProperty('refunds')
    expect((await stripe.refunds.list({ charge: charge.id })).data).toHaveLength(2)
    expect((await stripe.refunds.list({ payment_intent: paid.id, limit: 1 })).has_more).toBe(true)
  })

  test('one that is pending settles later', async () => {
    const { sandbox, stripe, types } = await openRig(transport)
    const paid = await payWith(stripe, 'pm_card_pendingRefund')
    const refund = await stripe.refunds.create({ payment_intent: paid.id })
    expect(refund).toMatchObject({ status: 'pending', pending_reason: 'processing', balance_transaction: null })
    await sandbox.clock.advance(3600)
    const settled = await stripe.refunds.retrieve(refund.id)
    expect(settled.status).toBe('succeeded')
    expect(settled).not.toHaveProperty('pending_reason')
    expect(types().slice(-2)).toEqual(['refund.updated', 'charge.refund.updated'])
  })

  test('one that fails late no longer counts as refunded', async () => {
    const { sandbox, stripe, types } = await openRig(transport)
    const paid = await payWith(stripe, 'pm_card_refundFail')
    const refund = await stripe.refunds.create({ payment_intent: paid.id, amount: 800 })
    expect(refund.status).toBe('succeeded')
    expect(await stripe.charges.retrieve(String(paid.latest_charge))).toMatchObject({ amount_refunded: 800 })
    await sandbox.clock.advance(3600)
    expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({
      status: 'failed',
      failure_reason: 'expired_or_canceled_card',
      failure_balance_transaction: expect.stringMatching(/^txn_/),
    })
    expect(await stripe.charges.retrieve(String(paid.latest_charge))).toMatchObject({
      amount_refunded: 0,
      refunded: false,
    })
    expect(types().slice(-3)).toEqual(['refund.updated', 'charge.refund.updated', 'refund.failed'])
    expect((await stripe.refunds.create({ payment_intent: paid.id })).amount).toBe(2000)
  })

  test('are canceled only where they wait for the payer', async () => {
    const { sandbox, stripe } = await openRig(transport)
    const paid = await payWith(stripe, 'pm_card_pendingRefund')
    const refund = await stripe.refunds.create({ payment_intent: paid.id })
    await expect(stripe.refunds.cancel(refund.id)).rejects.toMatchObject({ statusCode: 400 })
    await sandbox.control('POST', `/refunds/${refund.id}/require_action`)
    expect(await stripe.refunds.cancel(refund.id)).toMatchObject({ status: 'canceled' })
    expect(await stripe.charges.retrieve(String(paid.latest_charge))).toMatchObject({
      amount_refunded: 0,
      refunded: false,
    })
  })

  test('metadata is all that can be changed', async () => {
    const { stripe } = await openRig(transport)
    const paid = await payWith(stripe)
    const refund = await stripe.refunds.create({ payment_intent: paid.id })
    expect(await stripe.refunds.update(refund.id, { metadata: { note: 'x' } })).toMatchObject({
      metadata: { note: 'x' },
    })
    await expect(
      stripe.refunds.update(refund.id, Object.assign({ metadata: {} }, { amount: 1 })),
    ).rejects.toMatchObject({ code: 'parameter_unknown', param: 'amount' })
  })

  test('need something to refund', async () => {
    const { stripe } = await openRig(transport)
    const held = await payWith(stripe, 'pm_card_visa', { capture_method: 'manual' })
    await expect(stripe.refunds.create({ payment_intent: held.id })).rejects.toMatchObject({
      message: `This PaymentIntent (${held.id}) does not have a successful charge to refund.`,
    })
    await expect(stripe.refunds.create({})).rejects.toMatchObject({ statusCode: 400 })
    await expect(stripe.refunds.create({ payment_intent: 'pi_none' })).rejects.toMatchObject({
      code: 'resource_missing',
    })
    await expect(stripe.refunds.create({ payment_intent: held.id, amount: 0 })).rejects.toMatchObject({
      code: 'parameter_invalid_integer',
    })
  })

  test.each([
    { currency: 'isk', odd: 150, even: 200 },
    { currency: 'kwd', odd: 1234, even: 1230 },
  ])('in $currency are of whole steps, as captures are', async ({ currency, odd, even }) => {
    const { stripe } = await openRig(transport)
    const sum = { amount: 100_000, currency }
    const held = await payWith(stripe, 'pm_card_visa', { ...sum, capture_method: 'manual' })
    const refused = { statusCode: 400, code: 'parameter_invalid_integer' }
    const capture = stripe.paymentIntents.capture(held.id, { amount_to_capture: odd })
    await expect(capture).rejects.toMatchObject({ ...refused, param: 'amount_to_capture' })
    const paid = await payWith(stripe, 'pm_card_visa', sum)
    const refund = stripe.refunds.create({ payment_intent: paid.id, amount: odd })
    await expect(refund).rejects.toMatchObject({ ...refused, param: 'amount' })
    expect((await stripe.refunds.create({ payment_intent: paid.id, amount: even })).amount).toBe(even)
  })

  test('two at once that exceed the rest together: the second is turned away', async () => {
    const { stripe } = await openRig(transport, { latency: 20 })
    const paid = await payWith(stripe)
    const both = await Promise.allSettled([
      stripe.refunds.create({ payment_intent: paid.id, amount: 1500 }),
      stripe.refunds.create({ charge: String(paid.latest_charge), amount: 1500 }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(both.find((result) => result.status === 'rejected')).toMatchObject({
      reason: { type: 'StripeRateLimitError', code: 'lock_timeout' },
    })
  })
})

describe.each(transports)('disputes, %s', (transport) => {
  test('open by themselves, stop refunds, and are won by evidence', async () => {
    const { sandbox, stripe, types } = await openRig(transport)
    const paid = await payWith(stripe, 'pm_card_createDispute')
    await sandbox.clock.advance(1)
    const [dispute] = (await stripe.disputes.list({ payment_intent: paid.id })).data
    if (dispute === undefined) throw new Error('no dispute')
    expect(dispute).toMatchObject({
      status: 'needs_response',
      amount: 2000,
      reason: 'fraudulent',
      charge: paid.latest_charge,
    })
    expect(await stripe.charges.retrieve(String(paid.latest_charge))).toMatchObject({ disputed: true })
    await expect(stripe.refunds.create({ payment_intent: paid.id })).rejects.toMatchObject({ code: 'charge_disputed' })
    const sent = await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: 'winning_evidence' } })
    expect(sent).toMatchObject({
      status: 'under_review',
      evidence_details: { has_evidence: true, submission_count: 1 },
    })
    await sandbox.clock.advance(3600)
    expect(await stripe.disputes.retrieve(dispute.id)).toMatchObject({ status: 'won', balance_transactions: [{}, {}] })
    expect(types()).toEqual(
      expect.arrayContaining([
        'charge.dispute.created',
        'charge.dispute.funds_withdrawn',
        'charge.dispute.closed',
        'charge.dispute.funds_reinstated',
      ]),
    )
  })

  test('wait for the capture of a held sum', async () => {
    const { sandbox, stripe } = await openRig(transport)
    const held = await payWith(stripe, 'pm_card_createDispute', { capture_method: 'manual' })
    await sandbox.clock.advance(60)
    expect((await stripe.disputes.list()).data).toEqual([])
    await stripe.paymentIntents.capture(held.id, { amount_to_capture: 900 })
    await sandbox.clock.advance(1)
    expect((await stripe.disputes.list()).data).toMatchObject([{ amount: 900 }])
  })

  test('are lost when nobody has answered in time, and not when somebody has', async () => {
    const { sandbox, stripe, types } = await openRig(transport)
    const dispute = async () => {
      const { latest_charge: charge } = await payWith(stripe)
      await sandbox.control('POST', `/charges/${charge}/dispute`, {})
      const [opened] = (await stripe.disputes.list({ charge: String(charge) })).data
      if (opened === undefined) throw new Error('no dispute')
      return opened
    }
    const [ignored, begun, answered] = [await dispute(), await dispute(), await dispute()]
    const evidence = { uncategorized_text: 'winning_evidence' }
    await stripe.disputes.update(begun.id, { evidence, submit: false })
    const { due_by: due } = ignored.evidence_details
    await sandbox.clock.advanceTo((due ?? 0) - 1)
    expect(await stripe.disputes.retrieve(ignored.id)).toMatchObject({ status: 'needs_response' })
    await stripe.disputes.update(answered.id, { evidence })
    expect(types()).not.toContain('charge.dispute.closed')
    await sandbox.clock.advance(1)
    for (const { id } of [ignored, begun]) {
      expect(await stripe.disputes.retrieve(id)).toMatchObject({ status: 'lost', balance_transactions: [{}] })
    }
    await sandbox.webhooks.settled()
    expect(types().filter((type) => type === 'charge.dispute.closed')).toHaveLength(2)
    await sandbox.clock.advance(3600)
    expect(await stripe.disputes.retrieve(answered.id)).toMatchObject({ status: 'won' })
  })

  test('are lost when they are closed', async () => {
    const { sandbox, stripe } = await openRig(transport)
    const paid = await payWith(stripe, 'pm_card_visa')
    await sandbox.control('POST', `/charges/${paid.latest_charge}/dispute`, { reason: 'product_not_received' })
    const [dispute] = (await stripe.disputes.list({ charge: String(paid.latest_charge) })).data
    expect(await stripe.disputes.close(dispute?.id ?? '')).toMatchObject({
      status: 'lost',
      reason: 'product_not_received',
    })
    await expect(stripe.disputes.close(dispute?.id ?? '')).rejects.toMatchObject({ statusCode: 400 })
  })
})
