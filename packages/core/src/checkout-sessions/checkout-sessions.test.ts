import { describe, expect, it } from 'vitest'
import { debtWorld, order } from '../../test/debt-world.ts'
import { alice, bob, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

const urls = { successUrl: 'https://shop.example/thanks', cancelUrl: 'https://shop.example/cart' }
const buy = { ...order, mode: 'payment' as const, ...urls }
const donation = { ...buy, reference: undefined }
const monthly = { userId: alice.id, mode: 'subscription' as const, priceId: 'price_1234567890', ...urls }
const setup = { userId: alice.id, mode: 'setup' as const, ...urls }

describe('a checkout session', () => {
  it('leads to a payment of the user, with the reference', async () => {
    const { florin, openCheckout, letIn, payments } = debtWorld()
    const { session, complete } = await openCheckout({ description: 'Shoes', metadata: { size: '42' } })
    expect(session).toMatchObject({
      object: 'checkout_session',
      mode: 'payment',
      status: 'open',
      reference: 'order-17',
    })
    expect([session.id, session.url]).toEqual([expect.stringMatching(/^cs_/), expect.stringMatching(/^https:/)])
    await complete()
    await letIn()
    const [payment] = await payments()
    expect(payment).toMatchObject({
      ...{ userId: alice.id, amountCaptured: 1000, currency: 'USD', status: 'succeeded', reference: 'order-17' },
      ...{ description: 'Shoes', metadata: { size: '42' }, duplicateOf: null },
    })
    expect(await florin.payments.get(payment?.id ?? '', alice)).toMatchObject({ status: 'succeeded' })
  })

  it('leads to a subscription of the user', async () => {
    const { florin, sandbox } = sandboxedFlorin()
    const { data } = await florin.checkoutSessions.create({ ...monthly, reference: 'plan' }, { actor: service })
    await sandbox.control('POST', `/checkout/sessions/${data.id}/complete`, {})
    await sandbox.webhooks.settled()
    const { data: found } = await florin.subscriptions.list({ userId: alice.id }, alice)
    expect(found).toMatchObject([{ userId: alice.id, status: 'active', items: [{ priceId: monthly.priceId }] }])
  })

  it('saves a card of the user', async () => {
    const { florin, sandbox } = sandboxedFlorin()
    const { data } = await florin.checkoutSessions.create(setup, { actor: alice })
    await sandbox.control('POST', `/checkout/sessions/${data.id}/complete`, {})
    await sandbox.webhooks.settled()
    expect((await florin.paymentMethods.list({ userId: alice.id }, alice)).data).toHaveLength(1)
  })

  it('that somebody made at Stripe gives its payment the user and the reference, whichever webhook comes first', async () => {
    for (const reorder of [1, 5]) {
      const world = debtWorld({ sandbox: { webhookMode: { hold: true, reorder } } })
      const { data: paid } = await world.pay()
      const session = await world.stripe('checkout/sessions', {
        ...{ mode: 'payment', success_url: urls.successUrl, 'line_items[0][quantity]': '1' },
        ...{ 'line_items[0][price_data][currency]': 'usd', 'line_items[0][price_data][unit_amount]': '1000' },
        ...{ 'line_items[0][price_data][product_data][name]': 'Shoes' },
        ...{ 'metadata[florin_reference]': 'order-17', 'metadata[florin_user]': alice.id },
      })
      await world.sandbox.control('POST', `/checkout/sessions/${session.id}/complete`, {})
      await world.settle()
      const [duplicate] = (await world.payments()).filter(({ id }) => id !== paid.id)
      expect(duplicate).toMatchObject({ userId: alice.id, reference: 'order-17', duplicateOf: paid.id })
      expect([world.net(), await world.told('payment.duplicate_detected')]).toEqual([1000, 1])
    }
  })

  it('tells enough of its payment to be stored, and read at once, where that is all that an endpoint sends', async () => {
    const endpoint = { url: 'http://florin.test/webhooks', secret: 'whsec_florin_test' }
    const enabled = { webhookEndpoints: [{ ...endpoint, enabled_events: ['checkout.session.completed'] }] }
    const { florin, openCheckout, payments, letIn, counts, told } = debtWorld({ sandbox: enabled })
    const words = { description: 'Shoes', metadata: { size: '42' } }
    const { complete } = await openCheckout(words)
    await complete()
    counts.reset()
    await letIn()
    const whose = { userId: alice.id, reference: 'order-17', amount: 1000, currency: 'USD' }
    expect([counts.calls, await payments()]).toMatchObject([0, [{ ...whose, status: 'unknown' }]])
    expect(await florin.maintenance.refresh()).toMatchObject({ read: 1 })
    expect([counts.calls, await payments()]).toMatchObject([1, [{ ...whose, ...words, status: 'succeeded' }]])
    expect(await told('payment.succeeded')).toBe(1)
  })

  it('is made once for one key, also when the answer was lost', async () => {
    const { florin, sandbox } = sandboxedFlorin({ webhooks: false })
    await florin.checkoutSessions.create(setup, { actor: service })
    sandbox.faults.inject({ kind: 'cut', path: '/v1/checkout/sessions' })
    const caller = { actor: service, idempotencyKey: 'checkout-1' }
    await expect(florin.checkoutSessions.create(buy, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    const second = await florin.checkoutSessions.create(buy, caller)
    const third = await florin.checkoutSessions.create(buy, caller)
    expect(third).toEqual({ ...second, replayed: true })
    expect(sandbox.state.all('checkout.session')).toHaveLength(2)
  })

  it('is found by recovery once it must not be sent any more', async () => {
    const { florin, sandbox, advance } = sandboxedFlorin({ webhooks: false })
    await florin.checkoutSessions.create(setup, { actor: service })
    sandbox.faults.inject({ kind: 'cut', path: '/v1/checkout/sessions' })
    const caller = { actor: service, idempotencyKey: 'checkout-1' }
    await expect(florin.checkoutSessions.create(buy, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    await advance(24 * 3600)
    await florin.maintenance.recover()
    // By then nobody can use it.
    await expect(florin.checkoutSessions.create(buy, caller)).rejects.toMatchObject({ code: 'gateway_refused' })
    expect(sandbox.state.all('checkout.session')).toHaveLength(2)
  })

  it.each([
    { what: 'an amount', input: buy },
    { what: 'a price that is not open to users', input: { ...monthly, priceId: 'price_other' } },
    { what: 'metadata', input: { ...monthly, metadata: { a: 'b' } } },
    { what: 'a reference', input: { ...monthly, reference: 'order-17' } },
    { what: 'a card of somebody else', input: { ...setup, userId: bob.id } },
  ])('lets no user set $what', async ({ input }) => {
    const { florin, counts } = sandboxedFlorin()
    await expect(florin.checkoutSessions.create(input, { actor: alice })).rejects.toMatchObject({ code: 'forbidden' })
    expect(counts).toMatchObject({ loads: 0, commits: 0, calls: 0 })
  })

  it('lets a user subscribe to an open price, and set an amount where donations are', async () => {
    const { florin } = sandboxedFlorin({ settings: { userSetsAmount: true } })
    for (const input of [monthly, donation]) {
      expect((await florin.checkoutSessions.create(input, { actor: alice })).data.status).toBe('open')
    }
  })

  it.each([
    { field: 'reference', change: { reference: 'order-99' } },
    { field: 'metadata', change: { metadata: { order: '99' } } },
  ])('lets no user who sets the amount say what is paid for: $field', async ({ field, change }) => {
    const { florin } = sandboxedFlorin({ settings: { userSetsAmount: true } })
    const open = florin.checkoutSessions.create({ ...donation, ...change }, { actor: alice })
    await expect(open).rejects.toMatchObject({ code: 'forbidden', message: `${field} cannot be set by a user` })
  })

  it.each([
    { why: 'neither amount nor price', input: { ...buy, amount: undefined }, field: 'amount' },
    { why: 'an amount without a currency', input: { ...buy, currency: undefined }, field: 'currency' },
    { why: 'less than the minimum', input: { ...buy, amount: 49 }, field: 'amount' },
    { why: 'an amount and a price', input: { ...monthly, amount: 1000 }, field: 'amount' },
    { why: 'a subscription to an amount', input: { ...buy, mode: 'subscription' as const }, field: 'priceId' },
    { why: 'a reference to save a card', input: { ...setup, reference: 'a' }, field: 'reference' },
    {
      why: 'a script as the page to return to',
      input: { ...buy, successUrl: 'javascript:alert(1)' },
      field: 'successUrl',
    },
  ])('refuses $why', async ({ input, field }) => {
    const { florin } = sandboxedFlorin()
    const create = florin.checkoutSessions.create(input, { actor: service })
    await expect(create).rejects.toMatchObject({ code: 'input_invalid', details: { fields: [{ field }] } })
  })

  it('tells of a price that Stripe does not know by its field', async () => {
    const { florin } = sandboxedFlorin()
    const create = florin.checkoutSessions.create({ ...monthly, priceId: 'price_none' }, { actor: service })
    await expect(create).rejects.toMatchObject({ code: 'input_invalid', details: { fields: [{ field: 'priceId' }] } })
  })
})
