import { describe, expect, it } from 'vitest'
import { pausedSubscription, stripeOf } from '../../test/paused-subscription.ts'
import { alice, bob, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

const DAY = 24 * 3600
const monthly = { userId: alice.id, priceId: 'price_1234567890' }

const start = async ({ florin }: SandboxedFlorin, change: { paymentMethod?: string; trialDays?: number } = {}) =>
  (await florin.subscriptions.create({ ...monthly, paymentMethod: 'pm_card_visa', ...change }, { actor: service })).data

async function paused(card?: string, billingMode?: 'classic') {
  const one = sandboxedFlorin()
  const id = await pausedSubscription(one, { card, ...(billingMode && { billingMode }) })
  const invoice = async () => (await one.florin.invoices.list({ userId: alice.id, limit: 1 }, alice)).data[0]
  return { one, id, invoice, resume: () => one.florin.subscriptions.resume({ id }, { actor: alice }) }
}

describe('subscribing', () => {
  it('attaches the card, is active at once, and has its first invoice paid', async () => {
    const one = sandboxedFlorin()
    const subscription = await start(one)
    expect(subscription).toMatchObject({ status: 'active', items: [{ priceId: monthly.priceId, quantity: 1 }] })
    const { data } = await one.florin.invoices.listBySubscription({ subscriptionId: subscription.id }, alice)
    expect(data).toMatchObject([
      { status: 'paid', amountPaid: 2000, subscriptionId: subscription.id, userId: alice.id },
    ])
    expect((await one.florin.invoices.get(subscription.latestInvoice ?? '', alice)).id).toBe(data[0]?.id)
    expect((await one.florin.paymentMethods.list({ userId: alice.id }, alice)).data).toHaveLength(1)
  })

  it('with a trial charges nothing until the trial ends', async () => {
    const one = sandboxedFlorin()
    const subscription = await start(one, { trialDays: 14 })
    expect(subscription).toMatchObject({ status: 'trialing' })
    await one.advance(15 * DAY)
    expect(await one.florin.subscriptions.get(subscription.id, alice)).toMatchObject({ status: 'active' })
    const { data } = await one.florin.invoices.list({ userId: alice.id }, alice)
    expect(data.map(({ status, amountPaid }) => [status, amountPaid])).toEqual([
      ['paid', 2000],
      ['paid', 0],
    ])
  })

  it('without a card waits for the customer with a client secret', async () => {
    const { florin } = sandboxedFlorin()
    const { data } = await florin.subscriptions.create(monthly, { actor: alice })
    expect(data).toMatchObject({ status: 'incomplete', clientSecret: expect.stringMatching(/_secret_/) })
    expect((await florin.subscriptions.get(data.id, service)).clientSecret).toBeNull()
  })

  it('takes the default card of the user when none is named', async () => {
    const { florin } = sandboxedFlorin()
    await florin.paymentMethods.attach(
      { userId: alice.id, paymentMethod: 'pm_card_visa', setDefault: true },
      { actor: alice },
    )
    const { data } = await florin.subscriptions.create(monthly, { actor: alice })
    expect(data.status).toBe('active')
  })

  it('asks no more than twice, whatever Stripe says', async () => {
    const sent: string[] = []
    const { florin } = sandboxedFlorin({
      gateway: (inner) => ({
        ...inner,
        async send(call, options) {
          if (call.call !== 'subscription.create') return inner.send(call, options)
          sent.push(options.idempotencyKey.split('.')[1] ?? '')
          const rejection = { code: 'resource_missing', param: null, message: 'nothing to charge' }
          return { outcome: 'rejected', rejection, objectId: null, observations: [], replayed: false }
        },
      }),
    })
    const plan = { userId: alice.id, priceId: 'price_1234567890' }
    await expect(florin.subscriptions.create(plan, { actor: service })).rejects.toMatchObject({ kind: 'refused' })
    expect(sent).toEqual(['create', 'create_unpaid'])
  })

  it('waits for the customer where the default card was removed at Stripe, and nothing told so', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const card = { userId: alice.id, paymentMethod: 'pm_card_visa', setDefault: true }
    const { data: method } = await one.florin.paymentMethods.attach(card, { actor: alice })
    await stripeOf(one).paymentMethods.detach(method.stripePaymentMethodId)
    const { data } = await one.florin.subscriptions.create(monthly, { actor: alice })
    expect(data).toMatchObject({ status: 'incomplete', clientSecret: expect.stringMatching(/_secret_/) })
    expect(one.sandbox.state.all('subscription')).toHaveLength(1)
  })

  it('keeps nothing open when the card is refused on attaching', async () => {
    const one = sandboxedFlorin()
    const refused = start(one, { paymentMethod: 'pm_card_chargeDeclined' })
    await expect(refused).rejects.toMatchObject({ code: 'payment_method_declined' })
    const { data } = await one.florin.subscriptions.list({ userId: alice.id }, alice)
    expect(data).toMatchObject([{ status: 'canceled', stripeSubscriptionId: null }])
    expect(one.sandbox.state.all('subscription')).toHaveLength(0)
  })

  it('to a price that Stripe has not names the field', async () => {
    const { florin } = sandboxedFlorin()
    const input = { ...monthly, priceId: 'price_missing', paymentMethod: 'pm_card_visa' }
    const create = florin.subscriptions.create(input, { actor: service })
    await expect(create).rejects.toMatchObject({ code: 'input_invalid', details: { fields: [{ field: 'priceId' }] } })
  })

  it.each([
    { what: 'trial days', change: { trialDays: 700 } },
    { what: 'metadata', change: { metadata: { plan: 'gold' } } },
    { what: 'a price that is not for users', change: { priceId: 'price_0987654321' } },
  ])('refuses a user that sets $what', async ({ change }) => {
    const { florin } = sandboxedFlorin()
    const create = florin.subscriptions.create({ ...monthly, ...change }, { actor: alice })
    await expect(create).rejects.toMatchObject({ code: 'forbidden' })
    expect((await florin.subscriptions.create({ ...monthly, ...change }, { actor: service })).data.userId).toBe(
      alice.id,
    )
  })
})

describe('a subscription', () => {
  it('renews month after month, each invoice once', async () => {
    const one = sandboxedFlorin()
    const subscription = await start(one)
    await one.advance(100 * DAY)
    const { data } = await one.florin.invoices.listBySubscription({ subscriptionId: subscription.id }, alice)
    expect(data.map(({ billingReason, status }) => `${billingReason} ${status}`)).toEqual([
      'subscription_cycle paid',
      'subscription_cycle paid',
      'subscription_cycle paid',
      'subscription_create paid',
    ])
    const now = await one.florin.subscriptions.get(subscription.id, alice)
    expect(now.currentPeriodStart).toBe(data[0]?.lines[0]?.periodStart)
  })

  it('becomes past due when a renewal fails', async () => {
    const one = sandboxedFlorin()
    const subscription = await start(one, { paymentMethod: 'pm_card_chargeCustomerFail', trialDays: 7 })
    await one.advance(8 * DAY)
    expect((await one.florin.subscriptions.get(subscription.id, alice)).status).toBe('past_due')
    const { data } = await one.florin.invoices.list({ userId: alice.id, limit: 1 }, alice)
    expect(data).toMatchObject([{ status: 'open', attemptCount: 1, amountRemaining: 2000 }])
  })

  it('changes its price with proration, and a user may not choose that', async () => {
    const one = sandboxedFlorin()
    const { id } = await start(one)
    const change = { id, priceId: 'price_0987654321', proration: 'always_invoice' as const }
    await expect(one.florin.subscriptions.update(change, { actor: alice })).rejects.toMatchObject({ code: 'forbidden' })
    const { data } = await one.florin.subscriptions.update(change, { actor: service })
    expect(data.items).toMatchObject([{ priceId: 'price_0987654321' }])
    await one.sandbox.webhooks.settled()
    const invoices = await one.florin.invoices.listBySubscription({ subscriptionId: id }, alice)
    expect(invoices.data[0]).toMatchObject({ status: 'paid', amountPaid: 3000, billingReason: 'subscription_update' })
  })

  it('changes its metadata, key by key as at Stripe, and takes what is changed there', async () => {
    const one = sandboxedFlorin()
    const { id, stripeSubscriptionId } = await start(one)
    const set = (metadata: Record<string, string>) =>
      one.florin.subscriptions.update({ id, metadata }, { actor: service })
    expect((await set({ plan: 'gold', seats: '3' })).data.metadata).toEqual({ plan: 'gold', seats: '3' })
    await one.advance(60)
    expect((await set({ seats: '4' })).data.metadata).toEqual({ plan: 'gold', seats: '4' })
    await one.advance(60)
    await one.sandbox.fetch(`https://api.stripe.com/v1/subscriptions/${stripeSubscriptionId}`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sk_test_x', 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'metadata[plan]=silver',
    })
    await one.sandbox.webhooks.settled()
    expect((await one.florin.subscriptions.get(id, alice)).metadata).toEqual({ plan: 'silver', seats: '4' })
  })

  it('is scheduled to end, taken back, and ended', async () => {
    const one = sandboxedFlorin()
    const { id } = await start(one)
    const ending = await one.florin.subscriptions.cancel({ id, atPeriodEnd: true }, { actor: alice })
    expect(ending.data).toMatchObject({
      status: 'active',
      cancelAtPeriodEnd: true,
      cancelAt: ending.data.currentPeriodEnd,
    })
    const back = await one.florin.subscriptions.resume({ id }, { actor: alice })
    expect(back.data).toMatchObject({ status: 'active', cancelAtPeriodEnd: false, cancelAt: null })
    const ended = await one.florin.subscriptions.cancel({ id }, { actor: alice })
    expect(ended.data).toMatchObject({ status: 'canceled' })
    one.counts.reset()
    expect((await one.florin.subscriptions.cancel({ id }, { actor: alice })).data.status).toBe('canceled')
    expect(one.counts.calls).toBe(0)
    const resume = one.florin.subscriptions.resume({ id }, { actor: alice })
    await expect(resume).rejects.toMatchObject({ code: 'subscription_not_resumable' })
    const update = one.florin.subscriptions.update({ id, quantity: 2 }, { actor: service })
    await expect(update).rejects.toMatchObject({ code: 'subscription_not_updatable' })
  })

  it('shows its client secret to the owner, and not to support, which may cancel it', async () => {
    const { florin } = sandboxedFlorin()
    const { data } = await florin.subscriptions.create({ ...monthly, trialDays: 14 }, { actor: service })
    const support = { id: 'agent_1', roles: ['support'] } as const
    const secret = { status: 'trialing', clientSecret: expect.stringMatching(/^seti_.*_secret_/) }
    expect(data).toMatchObject(secret)
    const cancel = { id: data.id, atPeriodEnd: true }
    const caller = { actor: support, idempotencyKey: 'once' }
    for (const replayed of [false, true]) {
      const canceled = await florin.subscriptions.cancel(cancel, caller)
      expect(canceled).toMatchObject({ replayed, data: { cancelAtPeriodEnd: true, clientSecret: null } })
    }
    expect((await florin.subscriptions.resume({ id: data.id }, { actor: alice })).data).toMatchObject(secret)
    expect((await florin.subscriptions.get(data.id, support)).clientSecret).toBeNull()
  })

  it('ends at the end of its period, as the webhook tells', async () => {
    const one = sandboxedFlorin()
    const { id } = await start(one)
    await one.florin.subscriptions.cancel({ id, atPeriodEnd: true }, { actor: alice })
    await one.advance(32 * DAY)
    expect(await one.florin.subscriptions.get(id, alice)).toMatchObject({ status: 'canceled' })
  })

  it('that was canceled at Stripe meanwhile is found to be so', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const { id, stripeSubscriptionId } = await start(one)
    const headers = { Authorization: 'Bearer sk_test_florin' }
    const url = `https://api.stripe.com/v1/subscriptions/${stripeSubscriptionId}`
    await one.sandbox.fetch(url, { method: 'DELETE', headers })
    expect((await one.florin.subscriptions.cancel({ id }, { actor: alice })).data.status).toBe('canceled')
  })

  it('cannot be found by another user', async () => {
    const one = sandboxedFlorin()
    const { id } = await start(one)
    const missing = { code: 'subscription_not_found' }
    await expect(one.florin.subscriptions.get(id, bob)).rejects.toMatchObject(missing)
    await expect(one.florin.subscriptions.cancel({ id }, { actor: bob })).rejects.toMatchObject(missing)
    await expect(one.florin.subscriptions.update({ id, quantity: 2 }, { actor: bob })).rejects.toMatchObject(missing)
    await expect(one.florin.invoices.listBySubscription({ subscriptionId: id }, bob)).rejects.toMatchObject(missing)
    await expect(one.florin.subscriptions.list({ userId: alice.id }, bob)).rejects.toMatchObject({ code: 'forbidden' })
  })
})

describe('a paused subscription', () => {
  it('is woken, and its invoice paid by the default card', async () => {
    const { id, one, invoice, resume } = await paused('pm_card_visa')
    expect((await one.florin.subscriptions.get(id, alice)).status).toBe('paused')
    expect((await resume()).data.status).toBe('active')
    await one.advance(5 * DAY)
    expect(await invoice()).toMatchObject({ status: 'paid', amountPaid: 2000 })
    expect((await one.florin.subscriptions.get(id, alice)).status).toBe('active')
  })

  it.each([
    { why: 'there is no card', card: undefined },
    { why: 'the bank asks for the customer', card: 'pm_card_authenticationRequired' },
    { why: 'the card is declined', card: 'pm_card_chargeCustomerFail' },
  ])('waits for the customer with a client secret where $why, and is woken by the payment', async ({ card }) => {
    const { id, one, invoice, resume } = await paused(card)
    const { data } = await resume()
    expect(data).toMatchObject({ status: 'paused', clientSecret: expect.stringMatching(/^pi_.*_secret_/) })
    expect((await one.florin.subscriptions.get(id, service)).clientSecret).toBeNull()
    const intent = data.clientSecret?.split('_secret_')[0] ?? ''
    await stripeOf(one).paymentIntents.confirm(intent, { payment_method: 'pm_card_visa' })
    await one.advance(1)
    expect((await one.florin.subscriptions.get(id, alice)).status).toBe('active')
    expect(await invoice()).toMatchObject({ status: 'paid' })
  })

  it('of the older billing mode waits for the customer, whose card Stripe does not charge by itself', async () => {
    const { resume } = await paused('pm_card_visa', 'classic')
    expect((await resume()).data).toMatchObject({ status: 'paused', clientSecret: expect.stringMatching(/^pi_/) })
  })

  it('is woken by another card, and pays once', async () => {
    const { id, one, resume } = await paused('pm_card_chargeCustomerFail')
    await resume()
    const method = { userId: alice.id, paymentMethod: 'pm_card_visa', setDefault: true }
    await one.florin.paymentMethods.attach(method, { actor: alice })
    expect((await resume()).data.status).toBe('active')
    await one.advance(20 * DAY)
    const { data } = await one.florin.invoices.listBySubscription({ subscriptionId: id }, alice)
    expect(data.map(({ status, amountPaid }) => [status, amountPaid])).toEqual([
      ['paid', 2000],
      ['void', 0],
      ['paid', 0],
    ])
  })
})
