import { describe, expect, it } from 'vitest'
import { stripeOf } from '../../test/paused-subscription.ts'
import { alice, bob, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { must } from '../errors.ts'
import { many, write } from '../ports/storage.ts'

const support = { id: 'agent_1', roles: ['support'] } as const

async function paid(
  { florin }: SandboxedFlorin,
  {
    amount = 2000,
    currency = 'USD',
    card = 'pm_card_visa',
  }: { amount?: number; currency?: string; card?: string } = {},
) {
  const input = { userId: alice.id, amount, currency, paymentMethod: card }
  return (await florin.payments.create(input, { actor: service })).data
}

describe('refunding', () => {
  it('refunds in part, then the rest, and not one cent more', async () => {
    const one = sandboxedFlorin()
    const payment = await paid(one)
    const refund = (amount?: number) =>
      one.florin.refunds.create(
        { transactionId: payment.id, ...(amount !== undefined && { amount }) },
        { actor: support },
      )
    expect((await refund(500)).data).toMatchObject({ status: 'succeeded', amount: 500, currency: 'USD' })
    expect((await refund()).data).toMatchObject({ status: 'succeeded', amount: 1500 })
    await expect(refund(1)).rejects.toMatchObject({ kind: 'refused', code: 'refund_exceeds_captured' })
    await expect(refund()).rejects.toMatchObject({ code: 'refund_exceeds_captured' })
    await one.sandbox.webhooks.settled()
    expect(await one.florin.payments.get(payment.id, alice)).toMatchObject({
      amountRefunded: 2000,
      status: 'succeeded',
    })
  })

  it('makes one of two refunds that race for more than the payment, at both ends', async () => {
    const one = sandboxedFlorin()
    const payment = await paid(one)
    const refund = () => one.florin.refunds.create({ transactionId: payment.id, amount: 1500 }, { actor: service })
    const outcomes = await Promise.allSettled([refund(), refund()])
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
    expect(refused).toEqual(['refund_exceeds_captured'])
    expect(one.sandbox.state.all('refund')).toHaveLength(1)
  })

  it('makes both of two refunds that race and fit', async () => {
    const one = sandboxedFlorin()
    const payment = await paid(one)
    const refund = () => one.florin.refunds.create({ transactionId: payment.id, amount: 1000 }, { actor: service })
    const [first, second] = await Promise.all([refund(), refund()])
    expect([first.data.status, second.data.status]).toEqual(['succeeded', 'succeeded'])
    expect((await one.florin.payments.get(payment.id, alice)).amountRefunded).toBe(2000)
  })

  it('counts no less and no more once a refund has failed late', async () => {
    const one = sandboxedFlorin()
    const payment = await paid(one, { card: 'pm_card_refundFail' })
    const { data } = await one.florin.refunds.create({ transactionId: payment.id, amount: 800 }, { actor: service })
    expect(data.status).toBe('succeeded')
    await one.advance(7 * 24 * 3600)
    expect(await one.florin.refunds.get(data.id, alice)).toMatchObject({
      status: 'failed',
      failureReason: 'expired_or_canceled_card',
    })
    expect((await one.florin.payments.get(payment.id, alice)).amountRefunded).toBe(0)
    const again = await one.florin.refunds.create({ transactionId: payment.id }, { actor: service })
    expect(again.data.amount).toBe(2000)
  })

  it('shows a refund as pending until Stripe says more', async () => {
    const one = sandboxedFlorin()
    const payment = await paid(one, { card: 'pm_card_pendingRefund' })
    const { data } = await one.florin.refunds.create({ transactionId: payment.id }, { actor: service })
    expect(data.status).toBe('pending')
    expect((await one.florin.payments.get(payment.id, alice)).amountRefunded).toBe(2000)
    await one.advance(7 * 24 * 3600)
    expect((await one.florin.refunds.get(data.id, alice)).status).toBe('succeeded')
  })

  it('takes in refunds that were made at Stripe', async () => {
    const one = sandboxedFlorin()
    const payment = await paid(one)
    const body = new URLSearchParams({ payment_intent: payment.stripePaymentIntentId ?? '', amount: '700' })
    const headers = { Authorization: 'Bearer sk_test_florin' }
    await one.sandbox.fetch('https://api.stripe.com/v1/refunds', { method: 'POST', body, headers })
    await one.sandbox.webhooks.settled()
    expect((await one.florin.payments.get(payment.id, alice)).amountRefunded).toBe(700)
    const { data } = await one.florin.refunds.list({ transactionId: payment.id }, alice)
    expect(data).toMatchObject([{ amount: 700, status: 'succeeded', transactionId: payment.id, userId: alice.id }])
    const tooMuch = one.florin.refunds.create({ transactionId: payment.id, amount: 1301 }, { actor: service })
    await expect(tooMuch).rejects.toMatchObject({ code: 'refund_exceeds_captured' })
  })

  it('is told of less that is left where a refund was made at Stripe, and no webhook came', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const payment = await paid(one)
    await stripeOf(one).refunds.create({ payment_intent: payment.stripePaymentIntentId ?? '', amount: 700 })
    const tooMuch = one.florin.refunds.create({ transactionId: payment.id, amount: 1301 }, { actor: service })
    await expect(tooMuch).rejects.toMatchObject({ code: 'refund_exceeds_captured' })
  })

  it.each([
    { currency: 'ISK', amount: 150, fits: 100 },
    { currency: 'UGX', amount: 50, fits: 500 },
    { currency: 'KWD', amount: 1234, fits: 10 },
  ])('refuses $amount $currency, which Stripe cannot count, without a call', async ({ currency, amount, fits }) => {
    const one = sandboxedFlorin()
    const { id: transactionId } = await paid(one, { amount: 100_000, currency })
    one.counts.reset()
    const refund = one.florin.refunds.create({ transactionId, amount }, { actor: service })
    await expect(refund).rejects.toMatchObject({ code: 'input_invalid', details: { fields: [{ field: 'amount' }] } })
    expect(one.counts.calls).toBe(0)
    const { data } = await one.florin.refunds.create({ transactionId, amount: fits }, { actor: service })
    expect(data).toMatchObject({ status: 'succeeded', amount: fits })
  })

  it.each([null, 'parameter_invalid_integer'])(
    'names the field where Stripe refuses all that is left: %s',
    async (code) => {
      const message = 'must be divisible by 100'
      const rejection = { code, param: 'amount', message }
      const world = sandboxedFlorin({
        gateway: (inner) => ({
          ...inner,
          send: async (call, options) =>
            call.call === 'refund.create'
              ? { outcome: 'rejected', rejection, objectId: null, observations: [], replayed: false }
              : inner.send(call, options),
        }),
      })
      const { id } = await paid(world, { amount: 100_000, currency: 'ISK' })
      const { storage } = world.deps
      const { rows } = await storage.load({ rows: many('transactions', { userId: alice.id }) })
      const odd = { ...must(rows[0], 'the payment'), amountCaptured: 99_950 }
      await storage.commit({ id: 'commit_odd', changes: [write('transactions', odd)] })
      const refund = world.florin.refunds.create({ transactionId: id }, { actor: service })
      await expect(refund).rejects.toMatchObject({
        ...{ code: 'input_invalid', details: { fields: [{ field: 'amount', message }] } },
      })
    },
  )

  it('refuses payments that have not succeeded, and names what to do instead', async () => {
    const { florin } = sandboxedFlorin()
    const input = { userId: alice.id, amount: 500, currency: 'EUR', paymentMethod: 'pm_card_visa' }
    const { data } = await florin.payments.create({ ...input, captureMethod: 'manual' }, { actor: service })
    const refund = florin.refunds.create({ transactionId: data.id }, { actor: service })
    await expect(refund).rejects.toMatchObject({ code: 'payment_not_refundable', message: /cancel it instead/ })
  })

  it('is not for users, nor for payments that are not there', async () => {
    const one = sandboxedFlorin()
    const payment = await paid(one)
    const own = one.florin.refunds.create({ transactionId: payment.id }, { actor: alice })
    await expect(own).rejects.toMatchObject({ code: 'forbidden' })
    const missing = one.florin.refunds.create({ transactionId: 'tx_0' }, { actor: service })
    await expect(missing).rejects.toMatchObject({ code: 'payment_not_found' })
    const { data } = await one.florin.refunds.create({ transactionId: payment.id, amount: 1 }, { actor: service })
    await expect(one.florin.refunds.get(data.id, bob)).rejects.toMatchObject({ code: 'refund_not_found' })
    const list = one.florin.refunds.list({ transactionId: payment.id }, bob)
    await expect(list).rejects.toMatchObject({ code: 'payment_not_found' })
  })
})
