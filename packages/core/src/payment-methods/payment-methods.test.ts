import { describe, expect, it } from 'vitest'
import { stripeOf } from '../../test/paused-subscription.ts'
import { alice, bob, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { must } from '../errors.ts'
import { many } from '../ports/storage.ts'

const visa = { userId: alice.id, paymentMethod: 'pm_card_visa' }

describe('attaching a payment method', () => {
  it('shows its card and makes it the default when asked to', async () => {
    const { florin } = sandboxedFlorin()
    const first = await florin.paymentMethods.attach({ ...visa, setDefault: true }, { actor: alice })
    const second = await florin.paymentMethods.attach(
      { ...visa, paymentMethod: 'pm_card_mastercard' },
      { actor: alice },
    )
    expect(first.data).toMatchObject({ type: 'card', isDefault: true, card: { brand: 'visa', last4: '4242' } })
    expect(second.data).toMatchObject({ isDefault: false, card: { brand: 'mastercard' } })
    const { data } = await florin.paymentMethods.list({ userId: alice.id }, alice)
    expect(data.map(({ id, isDefault }) => [id, isDefault])).toEqual([
      [second.data.id, false],
      [first.data.id, true],
    ])
  })

  it('refuses a card that is declined, with the reason, and attaches nothing', async () => {
    const { florin } = sandboxedFlorin()
    const attach = florin.paymentMethods.attach({ ...visa, paymentMethod: 'pm_card_chargeDeclined' }, { actor: alice })
    await expect(attach).rejects.toMatchObject({
      code: 'payment_method_declined',
      details: { gatewayCode: 'card_declined', declineCode: 'generic_decline' },
    })
    expect((await florin.paymentMethods.list({ userId: alice.id }, alice)).data).toEqual([])
  })

  it('twice attaches once', async () => {
    const { florin, counts } = sandboxedFlorin()
    const { data } = await florin.paymentMethods.attach(visa, { actor: alice })
    counts.reset()
    const again = { ...visa, paymentMethod: data.stripePaymentMethodId }
    expect((await florin.paymentMethods.attach(again, { actor: alice })).data.id).toBe(data.id)
    expect(counts.calls).toBe(0)
  })

  it('by its own id makes one that is attached the default', async () => {
    const { florin } = sandboxedFlorin()
    const { data } = await florin.paymentMethods.attach(visa, { actor: alice })
    const again = { userId: alice.id, paymentMethod: data.id, setDefault: true }
    const { data: method } = await florin.paymentMethods.attach(again, { actor: alice })
    expect(method).toMatchObject({ id: data.id, isDefault: true })
  })

  it('makes it the default again where another one was made so at Stripe, by one call', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const { florin, counts } = one
    const { data: first } = await florin.paymentMethods.attach({ ...visa, setDefault: true }, { actor: alice })
    const { data: second } = await florin.paymentMethods.attach(visa, { actor: alice })
    const { customers } = stripeOf(one)
    const customer = async () => must((await customers.list()).data[0], 'a customer')
    await customers.update((await customer()).id, {
      invoice_settings: { default_payment_method: second.stripePaymentMethodId },
    })
    counts.reset()
    const again = { userId: alice.id, paymentMethod: first.id, setDefault: true }
    const { data } = await florin.paymentMethods.attach(again, { actor: alice, idempotencyKey: 'again' })
    expect([data.id, data.isDefault, counts.calls]).toEqual([first.id, true, 1])
    expect((await customer()).invoice_settings.default_payment_method).toBe(first.stripePaymentMethodId)
    expect((await florin.paymentMethods.attach(again, { actor: alice, idempotencyKey: 'again' })).data).toEqual(data)
  })

  it.each(['cut', 'cut_before'] as const)('makes it the default where that call is %s, by recovery', async (kind) => {
    const one = sandboxedFlorin({ webhooks: false })
    const { data: first } = await one.florin.paymentMethods.attach(visa, { actor: alice })
    one.sandbox.faults.inject({ kind, path: '/v1/customers/:id', times: 1 })
    const again = { userId: alice.id, paymentMethod: first.id, setDefault: true }
    const attach = () => one.florin.paymentMethods.attach(again, { actor: alice, idempotencyKey: 'again' })
    await expect(attach()).rejects.toMatchObject({ outcome: 'unknown' })
    await one.advance(61)
    expect(await one.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
    expect((await attach()).data).toMatchObject({ id: first.id, isDefault: true })
  })

  it('by its own id twice attaches once', async () => {
    const { florin, counts } = sandboxedFlorin()
    const { data } = await florin.paymentMethods.attach(visa, { actor: alice })
    counts.reset()
    const again = { userId: alice.id, paymentMethod: data.id }
    expect((await florin.paymentMethods.attach(again, { actor: alice })).data.id).toBe(data.id)
    expect(counts.calls).toBe(0)
  })

  it('refuses an id of its own that it does not know, before anything is made for the user', async () => {
    const { florin, counts } = sandboxedFlorin()
    const unknown = { userId: alice.id, paymentMethod: 'method_01h2xcejqtf2nbrexx3vqjhp41' }
    await expect(florin.paymentMethods.attach(unknown, { actor: alice })).rejects.toMatchObject({
      code: 'payment_method_not_found',
    })
    expect(counts.calls).toBe(0)
  })

  it('refuses one of another user by either id without a call, and acting for another user', async () => {
    const { florin, counts } = sandboxedFlorin()
    const { data } = await florin.paymentMethods.attach(visa, { actor: alice })
    counts.reset()
    for (const paymentMethod of [data.id, data.stripePaymentMethodId]) {
      const theirs = florin.paymentMethods.attach({ userId: bob.id, paymentMethod }, { actor: bob })
      await expect(theirs).rejects.toMatchObject({ code: 'payment_method_not_found' })
    }
    await expect(florin.paymentMethods.attach(visa, { actor: bob })).rejects.toMatchObject({ code: 'forbidden' })
    expect(counts.calls).toBe(0)
  })
})

describe('a payment method', () => {
  it('pays by either of its ids', async () => {
    const { florin } = sandboxedFlorin()
    const { data } = await florin.paymentMethods.attach(visa, { actor: alice })
    for (const paymentMethod of [data.id, data.stripePaymentMethodId]) {
      const input = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod, offSession: true }
      expect((await florin.payments.create(input, { actor: service })).data.status).toBe('succeeded')
    }
  })

  it('is detached for good, and detached again without a call', async () => {
    const { florin, counts } = sandboxedFlorin()
    const { data } = await florin.paymentMethods.attach({ ...visa, setDefault: true }, { actor: alice })
    await florin.paymentMethods.detach({ id: data.id }, { actor: alice })
    expect((await florin.paymentMethods.list({ userId: alice.id }, alice)).data).toEqual([])
    counts.reset()
    await florin.paymentMethods.detach({ id: data.id }, { actor: alice })
    expect(counts.calls).toBe(0)
    const pay = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: data.id }
    await expect(florin.payments.create(pay, { actor: service })).rejects.toMatchObject({
      code: 'payment_method_unusable',
    })
  })

  it('that was the default and is removed is the default no more, also where no event tells so', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const { florin } = one
    const { data } = await florin.paymentMethods.attach({ ...visa, setDefault: true }, { actor: alice })
    await one.advance(1)
    await florin.paymentMethods.detach({ id: data.id }, { actor: alice })
    const known = async () => (await one.storage.load({ rows: many('customers', { userId: alice.id }) })).rows
    expect(await known()).toMatchObject([{ defaultMethod: data.stripePaymentMethodId }])
    await florin.maintenance.refresh({ limit: 10 })
    expect(await known()).toMatchObject([{ defaultMethod: null, dueAt: null }])
  })

  it('that was detached at Stripe meanwhile is found to be so', async () => {
    const { florin, sandbox } = sandboxedFlorin({ webhooks: false })
    const { data } = await florin.paymentMethods.attach(visa, { actor: alice })
    const headers = { Authorization: 'Bearer sk_test_florin' }
    const url = `https://api.stripe.com/v1/payment_methods/${data.stripePaymentMethodId}/detach`
    await sandbox.fetch(url, { method: 'POST', headers })
    expect((await florin.paymentMethods.detach({ id: data.id }, { actor: alice })).data).toBeNull()
    expect((await florin.paymentMethods.list({ userId: alice.id }, alice)).data).toEqual([])
  })

  it('becomes the default, and no other user can make it so', async () => {
    const { florin } = sandboxedFlorin()
    const { data } = await florin.paymentMethods.attach(visa, { actor: alice })
    const theirs = florin.paymentMethods.setDefault({ id: data.id }, { actor: bob })
    await expect(theirs).rejects.toMatchObject({ code: 'payment_method_not_found' })
    expect((await florin.paymentMethods.setDefault({ id: data.id }, { actor: alice })).data.isDefault).toBe(true)
    expect((await florin.paymentMethods.list({ userId: alice.id }, alice)).data[0]?.isDefault).toBe(true)
  })

  it('is set up with Stripe.js, and appears once the customer has confirmed', async () => {
    const { florin, sandbox } = sandboxedFlorin()
    const { data } = await florin.paymentMethods.setUp({ userId: alice.id }, { actor: alice })
    expect(data).toMatchObject({ status: 'requires_payment_method', userId: alice.id })
    const body = new URLSearchParams({ payment_method: 'pm_card_visa', return_url: 'https://shop.example' })
    const headers = { Authorization: 'Bearer sk_test_florin' }
    await sandbox.fetch(`https://api.stripe.com/v1/setup_intents/${data.id}/confirm`, { method: 'POST', body, headers })
    await sandbox.webhooks.settled()
    expect((await florin.paymentMethods.list({ userId: alice.id }, alice)).data).toMatchObject([{ type: 'card' }])
  })
})
