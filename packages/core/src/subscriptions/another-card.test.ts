import { expect, it } from 'vitest'
import { alice, bob, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

const DAY = 24 * 3600
const by = { actor: service }
const monthly = { userId: alice.id, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
const card = (paymentMethod: string, setDefault = false) => ({ userId: alice.id, paymentMethod, setDefault })

it('a subscription is paid with its own card until it gets another, whatever the default is', async () => {
  const { florin, advance } = sandboxedFlorin()
  const { data } = await florin.subscriptions.create(monthly, by)
  const { data: other } = await florin.paymentMethods.attach(card('pm_card_mastercard', true), by)
  expect((await florin.subscriptions.get(data.id, alice)).paymentMethod).not.toBe(other.stripePaymentMethodId)
  const change = { id: data.id, paymentMethod: other.id }
  const updated = await florin.subscriptions.update(change, { actor: alice })
  expect(updated.data.paymentMethod).toBe(other.stripePaymentMethodId)
  await advance(32 * DAY)
  // What paid an invoice no webhook tells.
  await florin.maintenance.refresh()
  const [invoice] = (await florin.invoices.list({ userId: alice.id, limit: 1 }, alice)).data
  expect(await florin.payments.get(invoice?.stripePaymentIntentId ?? '', alice)).toMatchObject({
    status: 'succeeded',
    paymentMethod: other.stripePaymentMethodId,
  })
})

it('what is owed is paid at once with a new card, and refunded by its invoice', async () => {
  const { florin, advance } = sandboxedFlorin()
  const failing = { ...monthly, paymentMethod: 'pm_card_chargeCustomerFail', trialDays: 7 }
  const { data } = await florin.subscriptions.create(failing, by)
  await advance(8 * DAY)
  expect((await florin.subscriptions.get(data.id, alice)).status).toBe('past_due')
  const { data: good } = await florin.paymentMethods.attach(card('pm_card_visa'), by)
  await florin.subscriptions.update({ id: data.id, paymentMethod: good.id }, { actor: alice })
  await florin.maintenance.refresh()
  const [invoice] = (await florin.invoices.list({ userId: alice.id, limit: 1 }, alice)).data
  const payment = invoice?.stripePaymentIntentId ?? ''
  await florin.payments.confirm({ id: payment, paymentMethod: good.id }, { actor: alice })
  await advance(60)
  expect((await florin.subscriptions.get(data.id, alice)).status).toBe('active')
  const { data: refund } = await florin.refunds.create({ transactionId: payment }, by)
  expect(refund).toMatchObject({ status: 'succeeded', amount: invoice?.amountDue })
})

it('another user’s card pays nothing', async () => {
  const { florin } = sandboxedFlorin()
  const { data } = await florin.subscriptions.create(monthly, by)
  const { data: bobs } = await florin.paymentMethods.attach({ ...card('pm_card_visa'), userId: bob.id }, by)
  const change = { id: data.id, paymentMethod: bobs.id }
  await expect(florin.subscriptions.update(change, by)).rejects.toMatchObject({ code: 'payment_method_not_found' })
})

it('a card that was changed, and whose answer was lost for long, is known as changed by either of its ids', async () => {
  for (const byOurs of [true, false]) {
    const { florin, sandbox, advance } = sandboxedFlorin({ webhooks: false })
    const { data } = await florin.subscriptions.create(monthly, by)
    const { data: other } = await florin.paymentMethods.attach(card('pm_card_mastercard'), by)
    const paymentMethod = byOurs ? other.id : other.stripePaymentMethodId
    const update = () => florin.subscriptions.update({ id: data.id, paymentMethod }, { ...by, idempotencyKey: 'once' })
    sandbox.faults.inject({ kind: 'cut', path: '/v1/subscriptions/:id', times: 1 })
    await expect(update()).rejects.toMatchObject({ outcome: 'unknown' })
    await advance(10 * 60 + 1)
    await florin.maintenance.recover()
    await advance(91)
    await florin.maintenance.recover()
    expect((await update()).data.paymentMethod).toBe(other.stripePaymentMethodId)
  }
})

it('a user multiplies no price that is not its to choose', async () => {
  const { florin } = sandboxedFlorin({ settings: { subscribablePrices: [] } })
  const { data } = await florin.subscriptions.create(monthly, by)
  const many = { id: data.id, quantity: 500 }
  await expect(florin.subscriptions.update(many, { actor: alice })).rejects.toMatchObject({ code: 'forbidden' })
  expect((await florin.subscriptions.update(many, by)).data.items[0]?.quantity).toBe(500)
})
