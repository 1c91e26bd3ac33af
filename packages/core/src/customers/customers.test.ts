import { signWebhook } from '@florin/stripe-sandbox'
import { describe, expect, it } from 'vitest'
import { debtWorld } from '../../test/debt-world.ts'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { many, one as oneOf } from '../ports/storage.ts'

/** Deletes alice's customer at Stripe, as a person does in its dashboard. */
async function deleteAtStripe(one: SandboxedFlorin): Promise<string> {
  const { before } = await one.storage.load({ before: many('customers', { userId: alice.id, isPrimary: true }) })
  const id = before[0]?.id ?? ''
  const headers = { Authorization: 'Bearer sk_test_florin' }
  await one.sandbox.fetch(`https://api.stripe.com/v1/customers/${id}`, { method: 'DELETE', headers })
  return id
}

const linksOf = async ({ storage }: SandboxedFlorin) =>
  (await storage.load({ rows: many('customers', { userId: alice.id }) })).rows.map(({ deleted, isPrimary }) => ({
    ...{ deleted, isPrimary },
  }))

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }

describe('a user’s customer', () => {
  it('is asked for anew after the first asking never reached Stripe', async () => {
    let dead = true
    const one = sandboxedFlorin({
      gateway: (inner) => ({
        ...inner,
        send: (call, key) => (dead ? Promise.reject(new Error('killed')) : inner.send(call, key)),
      }),
    })
    await expect(one.florin.payments.create(order, { actor: service })).rejects.toMatchObject({ outcome: 'unknown' })
    dead = false
    // Recovery comes too late to send it again, looks twice, and finds nothing.
    await one.advance(25 * 3600)
    expect(await one.florin.maintenance.recover()).toMatchObject({ settled: 0, open: [{}] })
    await one.advance(90)
    expect(await one.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
    const { data } = await one.florin.payments.create(order, { actor: service })
    expect(data.status).toBe('succeeded')
    expect(one.sandbox.state.all('customer')).toHaveLength(1)
  })

  it('that was deleted is the same, told by the event or read afterwards', async () => {
    const one = sandboxedFlorin()
    await one.florin.paymentMethods.attach(
      { userId: alice.id, paymentMethod: 'pm_card_visa', setDefault: true },
      { actor: service },
    )
    const gatewayId = await deleteAtStripe(one)
    await one.sandbox.webhooks.settled()
    const { customer } = await one.storage.load({ customer: oneOf('customers', { id: gatewayId }) })
    expect(customer).toMatchObject({ deleted: true, defaultMethod: null })
    expect((await one.florin.maintenance.findDrift({ mode: 'full' })).differences).toEqual([])
  })

  it('that was deleted at Stripe is replaced at the next need, once', async () => {
    const one = sandboxedFlorin()
    await one.florin.payments.create(order, { actor: service })
    await deleteAtStripe(one)
    await one.sandbox.webhooks.settled()
    const pay = () => one.florin.payments.create(order, { actor: service })
    const paid = await Promise.all([pay(), pay(), pay()])
    expect(paid.map(({ data }) => data.status)).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(await linksOf(one)).toEqual([
      { deleted: true, isPrimary: false },
      { deleted: false, isPrimary: true },
    ])
  })

  it('that Stripe turns out to have deleted is replaced, once, and the request goes on', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    await one.florin.payments.create(order, { actor: service })
    await deleteAtStripe(one)
    const pay = (idempotencyKey: string) => one.florin.payments.create(order, { actor: service, idempotencyKey })
    const paid = await Promise.all([pay('a'), pay('b'), pay('c')])
    expect(paid.map(({ data }) => data.status)).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(await linksOf(one)).toEqual([
      { deleted: true, isPrimary: false },
      { deleted: false, isPrimary: true },
    ])
    expect(one.sandbox.state.all('payment_intent')).toHaveLength(4)
    expect(await pay('a')).toEqual({ ...paid[0], replayed: true })
    // What was intended for the customer that is gone says what became of it.
    const { data } = await one.florin.payments.list({ userId: alice.id }, service)
    const canceled = data.filter(({ status }) => status === 'canceled')
    expect(new Set(canceled.map(({ failure }) => failure?.code))).toEqual(new Set(['resource_missing']))
    expect(data.length - canceled.length).toBe(4)
  })

  it.each([
    { what: 'attached a card', act: { do: 'attach' } },
    { what: 'set a card up', act: { do: 'setUp' } },
    { what: 'subscribed', act: { do: 'subscribe' } },
  ] as const)('is replaced too where it is missed by a user who $what', async ({ act }) => {
    const one = sandboxedFlorin({ webhooks: false })
    await one.florin.payments.create(order, { actor: service })
    await deleteAtStripe(one)
    const [userId, by] = [alice.id, { actor: service }]
    const acts = {
      attach: () => one.florin.paymentMethods.attach({ userId, paymentMethod: 'pm_card_visa', setDefault: true }, by),
      setUp: () => one.florin.paymentMethods.setUp({ userId }, by),
      subscribe: () => one.florin.subscriptions.create({ userId, priceId: 'price_1234567890' }, by),
    }
    await acts[act.do]()
    expect(await linksOf(one)).toEqual([
      { deleted: true, isPrimary: false },
      { deleted: false, isPrimary: true },
    ])
  })

  it('is let go of where it is missed by a new default, whose method went with it', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const attached = { userId: alice.id, paymentMethod: 'pm_card_visa' }
    const { data } = await one.florin.paymentMethods.attach(attached, { actor: service })
    await deleteAtStripe(one)
    const setDefault = () => one.florin.paymentMethods.setDefault({ id: data.id }, { actor: service })
    await expect(setDefault()).rejects.toMatchObject({ code: 'payment_method_unusable' })
    expect(await linksOf(one)).toEqual([{ deleted: true, isPrimary: false }])
  })

  it('that is no more has no method: one that is attached again is asked for at Stripe', async () => {
    const one = sandboxedFlorin({
      webhooks: false,
      // Stripe says nothing of the method any more.
      gateway: (inner) => ({
        ...inner,
        read: async (ref) => (ref.object === 'payment_method' ? undefined : inner.read(ref)),
      }),
    })
    const attach = async (paymentMethod: string) =>
      (await one.florin.paymentMethods.attach({ userId: alice.id, paymentMethod }, { actor: service })).data
    const { stripePaymentMethodId } = await attach('pm_card_visa')
    await deleteAtStripe(one)
    await one.florin.payments.create(order, { actor: service })
    await expect(attach(stripePaymentMethodId)).rejects.toMatchObject({ code: 'payment_method_unusable' })
  })

  it('is kept where Stripe never knew it: the keys are those of another account', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    await one.florin.payments.create(order, { actor: service })
    const other = sandboxedFlorin({ storage: () => one.storage, webhooks: false, sandbox: { seed: 'another account' } })
    const paying = other.florin.payments.create(order, { actor: service })
    await expect(paying).rejects.toMatchObject({
      ...{ code: 'gateway_refused', details: { gatewayCode: 'resource_missing' } },
    })
    expect(await linksOf(one)).toEqual([{ deleted: false, isPrimary: true }])
    expect(other.sandbox.state.all('customer')).toEqual([])
    expect(other.sandbox.requests.list().filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  it.each([
    { how: 'a webhook', webhooks: true },
    { how: 'a call that it is missing from', webhooks: false },
  ])('that is no more by $how lets go of its methods and ends its subscriptions here', async ({ webhooks }) => {
    const one = sandboxedFlorin({ webhooks, sandbox: { webhookMode: { drop: 0 } } })
    const { florin, sandbox, storage } = one
    const by = { actor: service }
    await florin.paymentMethods.attach({ userId: alice.id, paymentMethod: 'pm_card_visa', setDefault: true }, by)
    await florin.subscriptions.create({ userId: alice.id, priceId: 'price_1234567890' }, by)
    await sandbox.webhooks.settled()
    // Of the deletion only the customer's own event comes, as where an endpoint listens to no others.
    await sandbox.webhooks.setMode({ hold: true })
    const customerId = await deleteAtStripe(one)
    if (webhooks) {
      const event = sandbox.state.all('event').find((each) => 'type' in each && each.type === 'customer.deleted')
      const body = JSON.stringify(event)
      await florin.webhooks.receive(body, signWebhook(body, ['whsec_florin_test'], Math.floor(Date.now() / 1000)))
    } else {
      await florin.payments.create(order, by)
    }
    await florin.maintenance.refresh()
    const { methods, subscriptions } = await storage.load({
      methods: many('payment_methods', { customerId }),
      subscriptions: many('subscriptions', { customerId }),
    })
    const all = await storage.load({ all: many('payment_methods', { userId: alice.id, status: 'attached' }) })
    expect(methods).toEqual([])
    expect(all.all).toEqual([])
    expect(subscriptions.map(({ status }) => status)).toEqual(['canceled'])
  })
})

describe('a user with two customers at Stripe', () => {
  it('is charged for each method on the customer that has it', async () => {
    const { stripe, florin, letIn, sandbox } = debtWorld()
    await florin.payments.create(order, { actor: service })
    const older = String((await stripe('customers', { 'metadata[florin_user]': alice.id })).id)
    await stripe('payment_methods/pm_card_mastercard/attach', { customer: older })
    await letIn()
    const { data: methods } = await florin.paymentMethods.list({ userId: alice.id }, service)
    const method = methods.find(({ card }) => card?.brand === 'mastercard')?.id ?? ''
    expect((await florin.payments.create({ ...order, paymentMethod: method }, { actor: service })).data.status).toBe(
      'succeeded',
    )
    const plan = { userId: alice.id, priceId: 'price_1234567890', paymentMethod: method }
    expect((await florin.subscriptions.create(plan, { actor: service })).data.status).toBe('active')
    expect(sandbox.state.all('payment_intent')).toMatchObject([{}, { customer: older }, { customer: older }])
    expect(sandbox.state.all('subscription')).toMatchObject([{ customer: older }])
  })

  it('is not charged for what a customer has that is nobody’s', async () => {
    const { stripe, florin, letIn } = debtWorld()
    const stranger = String((await stripe('customers', {})).id)
    const theirs = String((await stripe('payment_methods/pm_card_visa/attach', { customer: stranger })).id)
    await letIn()
    await expect(florin.payments.create({ ...order, paymentMethod: theirs }, { actor: service })).rejects.toMatchObject(
      {
        code: 'payment_method_unusable',
      },
    )
  })
})

describe('a customer that turns out to be a user’s', () => {
  it('brings the user all that came before: methods, payments, refunds, disputes, subscriptions, invoices', async () => {
    const { stripe, florin, letIn, storage } = debtWorld()
    const idOf = async (path: string, body: Record<string, string>) => String((await stripe(path, body)).id)
    const customer = await idOf('customers', { email: 'jane@shop.example' })
    const [paid, disputed] = await Promise.all(
      ['pm_card_visa', 'pm_card_createDispute'].map(async (card) => {
        const method = await idOf(`payment_methods/${card}/attach`, { customer })
        const made = { amount: '1000', currency: 'usd', customer, payment_method: method, confirm: 'true' }
        return { method, payment: await idOf('payment_intents', { ...made, return_url: 'https://shop.example' }) }
      }),
    )
    const method = paid?.method ?? ''
    await stripe('refunds', { payment_intent: paid?.payment ?? '', amount: '400' })
    const item = { 'items[0][price]': 'price_1234567890', default_payment_method: method }
    const subscription = await idOf('subscriptions', { customer, ...item })
    await letIn()
    expect((await florin.payments.list({ userId: alice.id }, service)).data).toEqual([])

    await stripe(`customers/${customer}`, { 'metadata[florin_user]': alice.id })
    await letIn()
    for (let round = 0; round < 3; round += 1) await florin.maintenance.refresh()

    const mine = { userId: alice.id }
    const payments = (await florin.payments.list(mine, service)).data
    expect(payments.map(({ stripePaymentIntentId }) => stripePaymentIntentId)).toEqual(
      expect.arrayContaining([paid?.payment, disputed?.payment]),
    )
    expect((await florin.paymentMethods.list(mine, service)).data).toHaveLength(2)
    const subscriptions = (await florin.subscriptions.list(mine, service)).data
    expect(subscriptions.map(({ stripeSubscriptionId }) => stripeSubscriptionId)).toEqual([subscription])
    expect((await florin.invoices.list(mine, service)).data).toHaveLength(1)
    const nobodys = { userId: null }
    const left = await storage.load({
      ...{ payments: many('transactions', nobodys), methods: many('payment_methods', nobodys) },
      ...{ refunds: many('refunds', nobodys), disputes: many('disputes', nobodys) },
      ...{ subscriptions: many('subscriptions', nobodys), invoices: many('invoices', nobodys) },
    })
    expect(left).toEqual({ payments: [], methods: [], refunds: [], disputes: [], subscriptions: [], invoices: [] })
  })

  it('brings all of them, also where they are more than fit in one commit', async () => {
    const { stripe, florin, letIn, storage } = debtWorld({ isValidated: false })
    const customer = String((await stripe('customers', {})).id)
    const made = { amount: '1000', currency: 'usd', customer }
    for (let count = 0; count < 205; count += 1) {
      const { id } = await stripe('payment_intents', made)
      await stripe(`payment_intents/${id}/cancel`, {})
    }
    await letIn()
    await stripe(`customers/${customer}`, { 'metadata[florin_user]': alice.id })
    await letIn()
    // The customer is read again for the rest; payments are read too, for what hangs on them.
    for (let round = 0; round < 30; round += 1) await florin.maintenance.refresh()
    const { left } = await storage.load({ left: many('transactions', { userId: null }) })
    expect(left).toEqual([])
    expect((await florin.payments.list({ userId: alice.id, limit: 100 }, service)).hasMore).toBe(true)
    const { row } = await storage.load({ row: oneOf('customers', { id: customer }) })
    expect(row?.dueAt).toBe(null)
  })
})
