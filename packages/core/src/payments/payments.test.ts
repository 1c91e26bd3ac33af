import { describe, expect, it } from 'vitest'
import { alice, bob, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

const ten = { userId: alice.id, amount: 1000, currency: 'USD' }

describe('creating a payment', () => {
  it('succeeds with a good card, and is told so by its webhook too', async () => {
    const { florin, sandbox, happenings } = sandboxedFlorin()
    const { data } = await florin.payments.create({ ...ten, paymentMethod: 'pm_card_visa' }, { actor: service })
    await sandbox.webhooks.settled()
    expect(data).toMatchObject({ status: 'succeeded', amountCaptured: 1000, currency: 'USD', failure: null })
    expect(await florin.payments.get(data.id, alice)).toMatchObject({ status: 'succeeded' })
    const outcomes = happenings.flatMap((one) =>
      one.what === 'webhook_received' ? [`${one.type} ${one.outcome}`] : [],
    )
    expect(outcomes).toContain('payment_intent.succeeded processed')
  })

  it('answers a decline with the failed payment, which is kept', async () => {
    const { florin } = sandboxedFlorin()
    const input = { ...ten, paymentMethod: 'pm_card_visa_chargeDeclinedInsufficientFunds' }
    const { data } = await florin.payments.create(input, { actor: service })
    const failure = { code: 'card_declined', declineCode: 'insufficient_funds' }
    expect(data).toMatchObject({ status: 'failed', failure })
    expect(await florin.payments.get(data.id, service)).toMatchObject({ status: 'failed', failure })
  })

  it('waits for a method with a client secret when none is given', async () => {
    const { florin } = sandboxedFlorin()
    const { data } = await florin.payments.create(ten, { actor: service })
    expect(data.status).toBe('requires_payment_method')
    expect(data.clientSecret).toMatch(/^pi_.+_secret_/)
  })

  it('shows the client secret to its owner alone, while the payment is open, and never in lists', async () => {
    const { florin } = sandboxedFlorin()
    const { data } = await florin.payments.create(ten, { actor: service })
    expect((await florin.payments.get(data.id, alice)).clientSecret).toBe(data.clientSecret)
    expect((await florin.payments.get(data.id, service)).clientSecret).toBeNull()
    expect((await florin.payments.list({ userId: alice.id }, alice)).data[0]?.clientSecret).toBeNull()
    await florin.payments.cancel({ id: data.id }, { actor: alice })
    expect((await florin.payments.get(data.id, alice)).clientSecret).toBeNull()
  })

  it('asks for 3-D Secure, and succeeds once the customer has passed it', async () => {
    const { florin, sandbox } = sandboxedFlorin()
    const input = { ...ten, paymentMethod: 'pm_card_threeDSecure2Required', returnUrl: 'https://shop.example/done' }
    const { data } = await florin.payments.create(input, { actor: service })
    expect(data).toMatchObject({ status: 'requires_action', nextAction: { type: 'redirect_to_url' } })
    await sandbox.control('POST', `/payment_intents/${data.stripePaymentIntentId}/authenticate`, { outcome: 'succeed' })
    await sandbox.webhooks.settled()
    expect(await florin.payments.get(data.id, alice)).toMatchObject({ status: 'succeeded', nextAction: null })
  })

  it('makes three round trips and one gateway call for a known customer', async () => {
    const { florin, counts } = sandboxedFlorin({ webhooks: false })
    await florin.payments.create({ ...ten, paymentMethod: 'pm_card_visa' }, { actor: service })
    counts.reset()
    const caller = { actor: service, idempotencyKey: 'order-1' }
    await florin.payments.create({ ...ten, paymentMethod: 'pm_card_visa' }, caller)
    expect(counts).toMatchObject({ loads: 1, commits: 2, calls: 1 })
    counts.reset()
    await florin.payments.list({ userId: alice.id }, alice)
    expect(counts).toMatchObject({ loads: 1, commits: 0, calls: 0 })
  })

  it.each([
    { why: 'less than the minimum', change: { amount: 49 }, field: 'amount' },
    { why: 'a float', change: { amount: 10.5 }, field: 'amount' },
    { why: 'a negative amount', change: { amount: -1 }, field: 'amount' },
    { why: 'a currency that Stripe has not', change: { currency: 'XBT' }, field: 'currency' },
    { why: 'UGX that are not whole', change: { amount: 550, currency: 'UGX' }, field: 'amount' },
    { why: 'a user id with a blank', change: { userId: 'user 1' }, field: 'userId' },
    { why: 'a field that nobody knows', change: { amuont: 1 }, field: 'amuont' },
    { why: 'a method that is no id', change: { paymentMethod: '4242' }, field: 'paymentMethod' },
    { why: 'a character that is no text', change: { description: 'a\u0000b' }, field: 'description' },
    { why: 'half a pair', change: { description: 'a\ud800b' }, field: 'description' },
    { why: 'metadata of Florin', change: { metadata: { florin_id: 'tx_1' } }, field: 'metadata.florin_id' },
  ])('refuses $why before anything is asked', async ({ change, field }) => {
    const { florin, counts } = sandboxedFlorin()
    const create = florin.payments.create({ ...ten, ...change }, { actor: service })
    await expect(create).rejects.toMatchObject({
      kind: 'invalid',
      code: 'input_invalid',
      details: { fields: [{ field }] },
    })
    expect(counts).toMatchObject({ loads: 0, commits: 0, calls: 0 })
  })

  it.each([
    { where: 'the description', change: { description: 'paid with 4242 4242 4242 4242' } },
    { where: 'metadata', change: { metadata: { note: '4242424242424242' } } },
    { where: 'the reference', change: { reference: '4242424242424242' } },
  ])('refuses a card number in $where', async ({ change }) => {
    const { florin } = sandboxedFlorin()
    const create = florin.payments.create({ ...ten, ...change }, { actor: service })
    await expect(create).rejects.toMatchObject({ code: 'card_number_refused' })
  })

  it('lets no user set an amount, unless the deployment says so', async () => {
    const { florin } = sandboxedFlorin()
    await expect(florin.payments.create(ten, { actor: alice })).rejects.toMatchObject({ code: 'forbidden' })
    const donations = sandboxedFlorin({ settings: { userSetsAmount: true } })
    const { data } = await donations.florin.payments.create(ten, { actor: alice })
    expect(data.userId).toBe(alice.id)
    await expect(donations.florin.payments.create(ten, { actor: bob })).rejects.toMatchObject({ code: 'forbidden' })
  })

  it.each([
    { field: 'reference', change: { reference: 'order-99' } },
    { field: 'metadata', change: { metadata: { order: '99' } } },
  ])('lets no user who sets the amount say what is paid for: $field', async ({ field, change }) => {
    const { florin } = sandboxedFlorin({ settings: { userSetsAmount: true } })
    const input = { ...ten, ...change }
    const refusal = { code: 'forbidden', message: `${field} cannot be set by a user` }
    await expect(florin.payments.create(input, { actor: alice })).rejects.toMatchObject(refusal)
    expect((await florin.payments.create(input, { actor: service })).data).toMatchObject(change)
  })

  it('refuses a method that is another user’s', async () => {
    const { florin } = sandboxedFlorin()
    const theirs = { userId: bob.id, paymentMethod: 'pm_card_visa' }
    const { data: method } = await florin.paymentMethods.attach(theirs, { actor: service })
    for (const paymentMethod of [method.id, method.stripePaymentMethodId]) {
      const create = florin.payments.create({ ...ten, paymentMethod }, { actor: service })
      await expect(create).rejects.toMatchObject({ code: 'payment_method_not_found' })
    }
  })

  it('ends as canceled, with the reason, when Stripe refuses the request itself', async () => {
    const { florin } = sandboxedFlorin()
    const create = florin.payments.create({ ...ten, paymentMethod: 'pm_1NoSuchMethod' }, { actor: service })
    await expect(create).rejects.toMatchObject({ code: 'payment_method_not_found' })
    const { data } = await florin.payments.list({ userId: alice.id }, alice)
    expect(data).toMatchObject([{ status: 'canceled', failure: { code: 'resource_missing' } }])
  })

  it('makes one customer of 50 payments that race for a new user', async () => {
    const { florin, sandbox } = sandboxedFlorin()
    const pay = () => florin.payments.create({ ...ten, paymentMethod: 'pm_card_visa' }, { actor: service })
    const payments = await Promise.all(Array.from({ length: 50 }, pay))
    expect(new Set(payments.map(({ data }) => data.status))).toEqual(new Set(['succeeded']))
    expect(sandbox.state.all('customer')).toHaveLength(1)
    expect(sandbox.state.all('payment_intent')).toHaveLength(50)
  })
})

describe('a payment', () => {
  it('is confirmed again on the same PaymentIntent after a decline', async () => {
    const { florin, sandbox } = sandboxedFlorin()
    const { data } = await florin.payments.create(
      { ...ten, paymentMethod: 'pm_card_chargeDeclined' },
      { actor: service },
    )
    const again = await florin.payments.confirm({ id: data.id, paymentMethod: 'pm_card_visa' }, { actor: alice })
    expect(again.data).toMatchObject({ id: data.id, status: 'succeeded', failure: null })
    expect(sandbox.state.all('payment_intent')).toHaveLength(1)
    const third = florin.payments.confirm({ id: data.id, paymentMethod: 'pm_card_visa' }, { actor: alice })
    await expect(third).rejects.toMatchObject({ code: 'payment_not_confirmable' })
  })

  it('is not captured by a part that Stripe cannot count, and no call is made', async () => {
    const { florin, counts } = sandboxedFlorin()
    const input = { ...ten, amount: 100_000, currency: 'UGX', paymentMethod: 'pm_card_visa' }
    const { id } = (await florin.payments.create({ ...input, captureMethod: 'manual' }, { actor: service })).data
    counts.reset()
    const odd = florin.payments.capture({ id, amount: 150 }, { actor: service })
    await expect(odd).rejects.toMatchObject({ code: 'input_invalid', details: { fields: [{ field: 'amount' }] } })
    expect(counts.calls).toBe(0)
    const { data } = await florin.payments.capture({ id, amount: 200 }, { actor: service })
    expect(data).toMatchObject({ status: 'succeeded', amountCaptured: 200 })
  })

  it('is captured in part, by either of its ids', async () => {
    const { florin } = sandboxedFlorin()
    const input = { ...ten, paymentMethod: 'pm_card_visa', captureMethod: 'manual' as const }
    const { data } = await florin.payments.create(input, { actor: service })
    expect(data).toMatchObject({ status: 'requires_capture', amountCapturable: 1000, amountCaptured: 0 })
    const tooMuch = florin.payments.capture({ id: data.id, amount: 1001 }, { actor: service })
    await expect(tooMuch).rejects.toMatchObject({ code: 'capture_exceeds_authorized' })
    const byStripe = { id: data.stripePaymentIntentId ?? '', amount: 600 }
    const captured = await florin.payments.capture(byStripe, { actor: service })
    expect(captured.data).toMatchObject({ id: data.id, status: 'succeeded', amountCaptured: 600, amountCapturable: 0 })
    await expect(florin.payments.capture({ id: data.id }, { actor: alice })).rejects.toMatchObject({
      code: 'forbidden',
    })
  })

  it('is canceled once, and answers the same when canceled again', async () => {
    const { florin, counts } = sandboxedFlorin()
    const { data } = await florin.payments.create(ten, { actor: service })
    const first = await florin.payments.cancel({ id: data.id, reason: 'abandoned' }, { actor: alice })
    counts.reset()
    const second = await florin.payments.cancel({ id: data.id }, { actor: alice })
    expect([first.data.status, second.data.status, counts.calls]).toEqual(['canceled', 'canceled', 0])
  })

  it('cannot be canceled once it has succeeded', async () => {
    const { florin } = sandboxedFlorin()
    const { data } = await florin.payments.create({ ...ten, paymentMethod: 'pm_card_visa' }, { actor: service })
    const cancel = florin.payments.cancel({ id: data.id }, { actor: service })
    await expect(cancel).rejects.toMatchObject({ code: 'payment_not_cancelable' })
  })

  it('cannot be found by another user', async () => {
    const { florin } = sandboxedFlorin()
    const { data } = await florin.payments.create(ten, { actor: service })
    const missing = { code: 'payment_not_found' }
    await expect(florin.payments.get(data.id, bob)).rejects.toMatchObject(missing)
    await expect(florin.payments.cancel({ id: data.id }, { actor: bob })).rejects.toMatchObject(missing)
    await expect(florin.payments.list({ userId: alice.id }, bob)).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('is listed newest first, page by page', async () => {
    const { florin, advance } = sandboxedFlorin()
    const ids: string[] = []
    for (let index = 0; index < 5; index += 1) {
      const { data } = await florin.payments.create(ten, { actor: service })
      ids.unshift(data.id)
      await advance(index % 2)
    }
    const first = await florin.payments.list({ userId: alice.id, limit: 3 }, alice)
    const second = await florin.payments.list({ userId: alice.id, limit: 3, cursor: first.nextCursor ?? '' }, alice)
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids)
    expect([first.hasMore, second.hasMore, second.nextCursor]).toEqual([true, false, null])
    const bad = florin.payments.list({ userId: alice.id, cursor: 'x' }, alice)
    await expect(bad).rejects.toMatchObject({ code: 'input_invalid' })
  })
})
