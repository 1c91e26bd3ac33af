import { describe, expect, it } from 'vitest'
import { opened } from '../../test/opened.ts'
import { replicaOf } from '../../test/replica.ts'
import { alice, bob, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { type Actor, type Florin, system } from '../index.ts'
import { many, type Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'

type World = ReturnType<typeof sandboxedFlorin>
type Store = Storage<StoredTables>

const admin: Actor = { id: 'ann', roles: ['admin'] }
const by = { actor: admin }
const visa = { userId: alice.id, paymentMethod: 'pm_card_visa' }
const secret = 'Mrs Alice Liddell, 1 Wonderland Lane'
const erase = (florin: Florin, more: object = {}) => florin.users.erase({ userId: alice.id, ...more }, by)

/** A user with everything that Florin keeps of users, and another one beside her. */
async function life(options: Parameters<typeof sandboxedFlorin>[0] = {}) {
  const world = sandboxedFlorin(options)
  const { florin } = world
  const order = { ...visa, amount: 1000, currency: 'USD', description: secret, metadata: { name: secret } }
  const paid = (await florin.payments.create(order, { actor: service, idempotencyKey: 'order-1' })).data
  const declined = { ...order, paymentMethod: 'pm_card_chargeDeclined', amount: 500 }
  await florin.payments.create(declined, { actor: service })
  await florin.refunds.create({ transactionId: paid.id, amount: 300 }, { actor: service })
  await florin.paymentMethods.attach({ ...visa, setDefault: true }, { actor: service })
  const plan = { userId: alice.id, priceId: 'price_1234567890', metadata: { for: secret } }
  const { data: subscription } = await florin.subscriptions.create(plan, { actor: service })
  await florin.payments.create({ ...order, userId: bob.id, description: 'Bob’s', metadata: {} }, { actor: service })
  await world.advance(60)
  await florin.maintenance.refresh()
  return { ...world, paid, order, subscription }
}

const sums = async (storage: Store) => {
  const { payments, refunds, invoices, disputes } = await storage.load({
    payments: many('transactions', { userId: alice.id }),
    refunds: many('refunds', { userId: alice.id }),
    invoices: many('invoices', { userId: alice.id }),
    disputes: many('disputes', { userId: alice.id }),
  })
  return {
    payments: payments.map((row) => [
      row.id,
      row.gatewayId,
      row.amount,
      row.amountCaptured,
      row.amountRefunded,
      row.status,
    ]),
    refunds: refunds.map(({ id, gatewayId, amount, status }) => [id, gatewayId, amount, status]),
    invoices: invoices.map((row) => [row.id, row.gatewayId, row.amountDue, row.amountPaid, row.status]),
    disputes: disputes.map(({ id, amount }) => [id, amount]),
  }
}

/** Erases to the end: past the time in which other processes may not know of it. */
async function eraseFully({ florin, advance }: Pick<World, 'florin' | 'advance'>) {
  const begun = { status: 'erasing', erasedAt: null, waitsFor: 'other_processes' }
  expect(await erase(florin, { cancelSubscriptions: true })).toMatchObject(begun)
  await advance(120)
  expect(await florin.maintenance.erase()).toEqual({ erased: 1, left: [] })
}

/** Everything that another process can open, as text. */
async function everythingOf(world: World): Promise<string> {
  const { payments, subscriptions, invoices, methods, operations, events, outbox } = await opened(world.storage).load({
    payments: many('transactions', {}),
    subscriptions: many('subscriptions', {}),
    invoices: many('invoices', {}),
    methods: many('payment_methods', {}),
    operations: many('operations', {}),
    events: many('webhook_events', {}),
    outbox: many('outbox', {}),
  })
  return JSON.stringify([payments, subscriptions, invoices, methods, operations, events, outbox])
}

describe('erasing a user', () => {
  it('leaves nothing of hers that opens, all of others, and every sum as it was', async () => {
    const world = await life()
    const { storage, florin, paid, sandbox } = world
    const before = await sums(storage)
    expect((await everythingOf(world)).includes(secret)).toBe(true)
    expect(before.payments).toHaveLength(3)
    await eraseFully(world)

    expect(await sums(storage)).toEqual(before)
    const verified = await replicaOf(world).keys.verify({ full: true })
    expect(verified).toMatchObject({ destroyed: 1, broken: [] })
    expect(verified.erased).toBeGreaterThan(10)
    const text = await everythingOf(world)
    expect(text.includes('Liddell')).toBe(false)
    expect(text.includes('Bob’s')).toBe(true)
    const { keys } = await storage.load({ keys: many('data_keys', { subject: `user:${alice.id}` }) })
    expect(keys).toMatchObject([{ wrapped: null, wrappedBy: null, dueAt: null, isCurrent: true }])

    expect(await florin.payments.get(paid.id, admin)).toMatchObject({
      ...{ id: paid.id, userId: alice.id, amount: 1000, amountRefunded: 300, status: 'succeeded' },
      ...{ description: null, metadata: {}, failure: null },
    })
    expect((await florin.payments.list({ userId: alice.id }, admin)).data).toHaveLength(3)
    expect(await florin.paymentMethods.list({ userId: alice.id }, admin)).toMatchObject({ data: [] })
    // At Stripe the customer is gone, and nothing of hers runs any more.
    expect(sandbox.state.all('customer').filter((customer) => 'deleted' in customer)).toHaveLength(1)
    const running = sandbox.state.all('subscription').filter((one) => 'status' in one && one.status !== 'canceled')
    expect(running).toEqual([])
  })

  it('drops the bodies of her events, however they name her, and no others', async () => {
    const world = await life()
    const events = async () => (await world.storage.load({ events: many('webhook_events', {}) })).events
    const before = await events()
    expect(before.every(({ payload }) => payload !== null)).toBe(true)
    await eraseFully(world)
    const kept = (await events()).filter(({ payload }) => payload !== null)
    const bobs = (await world.storage.load({ rows: many('customers', { userId: bob.id }) })).rows.map(({ id }) => id)
    expect(new Set(kept.map(({ ownerId }) => ownerId))).toEqual(new Set(bobs))
  })

  it('takes effect at once in this process, and within a minute in others', async () => {
    const world = await life()
    const other = replicaOf(world)
    expect((await other.payments.get(world.paid.id, admin)).description).toBe(secret)
    await erase(world.florin, { cancelSubscriptions: true })
    expect((await world.florin.payments.get(world.paid.id, admin)).description).toBeNull()
    expect((await other.payments.get(world.paid.id, admin)).description).toBe(secret)
    await world.advance(60)
    expect((await other.payments.get(world.paid.id, admin)).description).toBeNull()
  })

  it('reaches what a process stored that did not know of it yet', async () => {
    const world = await life()
    const stale = replicaOf(world)
    await stale.payments.list({ userId: alice.id }, admin)
    await erase(world.florin, { cancelSubscriptions: true })
    // For a minute at most, another process still takes her for a customer like any other.
    const late = { ...world.order, amount: 777 }
    const { data } = await stale.payments.create(late, { actor: service })
    expect(data).toMatchObject({ status: 'succeeded', description: secret })
    await world.advance(120)
    expect(await world.florin.maintenance.erase()).toEqual({ erased: 1, left: [] })
    expect((await everythingOf(world)).includes('Liddell')).toBe(false)
    expect(world.sandbox.state.all('customer').filter((customer) => 'deleted' in customer)).toHaveLength(2)
    expect(await world.florin.keys.verify({ full: true })).toMatchObject({ destroyed: 1, broken: [] })
    await world.advance(60)
    await expect(stale.payments.create(late, { actor: service })).rejects.toMatchObject({ code: 'user_erased' })
  })

  it('refuses while a subscription runs, unless it may cancel it, and does nothing then', async () => {
    const world = await life()
    const refused = { kind: 'refused', code: 'user_has_subscriptions', details: { objectId: world.subscription.id } }
    await expect(erase(world.florin)).rejects.toMatchObject(refused)
    expect((await world.florin.payments.get(world.paid.id, admin)).description).toBe(secret)
    await world.florin.subscriptions.cancel({ id: world.subscription.id }, { actor: service })
    expect(await erase(world.florin)).toMatchObject({ status: 'erasing' })
  })

  it('is for admins alone, and refuses a user of whom nothing is stored', async () => {
    const { florin } = sandboxedFlorin()
    for (const actor of [alice, service, { id: 'sue', roles: ['support'] } satisfies Actor]) {
      const refused = { kind: 'refused', code: 'forbidden' }
      await expect(florin.users.erase({ userId: alice.id }, { actor })).rejects.toMatchObject(refused)
    }
    await expect(erase(florin)).rejects.toMatchObject({ kind: 'invalid', code: 'user_not_found' })
  })

  it('may be asked for again at any time, and is audited once from its begin to its end', async () => {
    const world = await life()
    const first = await erase(world.florin, { cancelSubscriptions: true })
    expect(await erase(world.florin)).toEqual(first)
    await world.advance(120)
    const done = await erase(world.florin)
    expect(done).toMatchObject({ status: 'erased', startedAt: first.startedAt, nextAttemptAt: null, waitsFor: null })
    expect(await erase(world.florin)).toEqual(done)
    const { lines } = await world.storage.load({ lines: many('audit_log', { objectId: alice.id }) })
    const erasures = lines.filter(({ action }) => action === 'user.erase')
    expect(erasures).toMatchObject([
      { actorId: 'ann', outcome: 'intended' },
      {
        actorId: 'ann',
        outcome: 'succeeded',
        detail: { bodies: expect.any(Number), events: expect.any(Number), customers: 0, subscriptions: 0 },
      },
    ])
  })

  it('erases a user of whom nothing sealed is stored', async () => {
    const world = sandboxedFlorin({ webhooks: false })
    await world.florin.paymentMethods.setUp({ userId: alice.id }, { actor: service })
    await world.florin.paymentMethods.setUp({ userId: bob.id }, { actor: service })
    await eraseFully(world)
    expect(await world.florin.keys.verify({ full: true })).toMatchObject({ destroyed: 1, broken: [] })
  })
})

describe('an erased user', () => {
  it('gets nothing new: not by a use case, nor by the key of an old one', async () => {
    const world = await life()
    await eraseFully(world)
    const { florin, order, paid } = world
    const refused = { kind: 'refused', code: 'user_erased' }
    const again = { actor: service, idempotencyKey: 'order-1' }
    await expect(florin.payments.create(order, again)).rejects.toMatchObject(refused)
    const creations = [
      () => florin.payments.create(order, { actor: service }),
      () => florin.subscriptions.create({ userId: alice.id, priceId: 'price_1234567890' }, { actor: service }),
      () => florin.paymentMethods.attach(visa, { actor: service }),
      () => florin.paymentMethods.setUp({ userId: alice.id }, { actor: service }),
      () =>
        florin.checkoutSessions.create(
          { userId: alice.id, mode: 'setup', currency: 'USD', successUrl: 'https://shop.example/' },
          { actor: service },
        ),
    ]
    for (const create of creations) await expect(create()).rejects.toMatchObject(refused)
    // What gives money back is still done, and is answered again under its key, without a word of hers.
    const refund = { transactionId: paid.id, amount: 100 }
    const key = { actor: service, idempotencyKey: 'refund-1' }
    const { data } = await florin.refunds.create(refund, key)
    expect(await replicaOf(world).refunds.create(refund, key)).toMatchObject({ data, replayed: true })
    expect(await florin.payments.get(paid.id, admin)).toMatchObject({ amountRefunded: 400 })
  })

  it('leaves nothing personal in what arrives later: webhooks, catching up, an import', async () => {
    const world = await life()
    const { florin, sandbox, storage, paid } = world
    await eraseFully(world)
    const before = (await storage.load({ events: many('webhook_events', {}) })).events.length
    // Stripe tells more: of a payment made elsewhere for her customer, of a refund, of a customer with her name.
    const stripe = async (path: string, body: Record<string, string>) => {
      const response = await sandbox.fetch(`https://api.stripe.com/v1/${path}`, {
        method: 'POST',
        headers: { Authorization: 'Bearer sk_test_florin' },
        body: new URLSearchParams(body),
      })
      return JSON.parse(await response.text())
    }
    await stripe('refunds', { payment_intent: paid.stripePaymentIntentId ?? '', amount: '50' })
    const named = { 'metadata[florin_user]': alice.id, 'metadata[florin_installation]': 'florin' }
    const customer = await stripe('customers', { ...named, name: secret, email: 'alice@wonderland.example' })
    await stripe('payment_intents', {
      ...{ customer: customer.id, amount: '700', currency: 'usd', description: secret, 'metadata[name]': secret },
      ...{ payment_method: 'pm_card_visa', confirm: 'true', return_url: 'https://shop.example/' },
    })
    await world.advance(60)
    await florin.maintenance.reconcile()
    await florin.maintenance.importAccount()
    await florin.maintenance.refresh()

    const { events, payments } = await opened(storage).load({
      events: many('webhook_events', {}),
      payments: many('transactions', { userId: alice.id }),
    })
    expect(events.length).toBeGreaterThan(before + 3)
    expect(payments).toHaveLength(4)
    expect(payments.every(({ description, metadata, failure }) => !description && !metadata.name && !failure)).toBe(
      true,
    )
    const late = events.filter(({ userId }) => userId === alice.id)
    expect(late.length).toBeGreaterThan(3)
    expect(late.every(({ payload }) => payload === null)).toBe(true)
    expect((await everythingOf(world)).match(/Liddell|wonderland/)).toBeNull()
    expect((await florin.payments.list({ userId: alice.id }, admin)).data[0]).toMatchObject({
      ...{ amount: 700, amountCaptured: 700, status: 'succeeded', description: null, metadata: {} },
    })
    expect((await florin.payments.get(paid.id, system)).amountRefunded).toBe(350)
  })

  it('has no drift: what is not kept is not missed', async () => {
    const world = await life()
    await eraseFully(world)
    await world.florin.maintenance.refresh({ limit: 100 })
    expect((await world.florin.maintenance.findDrift({ mode: 'full' })).differences).toEqual([])
  })
})

describe('what was open when a user was erased', () => {
  it('is settled before the key goes, and keeps it from going until then', async () => {
    let silent = false
    const world = await life({
      webhooks: false,
      gateway: (inner) => ({
        ...inner,
        async send(call, key) {
          const answer = await inner.send(call, key)
          if (silent && call.call === 'payment.create') throw new Error('the answer is lost')
          return answer
        },
      }),
    })
    silent = true
    const lost = world.florin.payments.create(
      { ...world.order, amount: 900 },
      { actor: service, idempotencyKey: 'lost' },
    )
    await expect(lost).rejects.toMatchObject({ code: 'gateway_outcome_unknown' })
    await erase(world.florin, { cancelSubscriptions: true })
    await world.advance(120)
    expect(await world.florin.maintenance.erase()).toEqual({ erased: 0, left: [{ userId: alice.id }] })
    expect(await erase(world.florin)).toMatchObject({ status: 'erasing', waitsFor: 'open_operations' })
    silent = false
    await world.advance(60)
    expect(await world.florin.maintenance.erase()).toEqual({ erased: 1, left: [] })
    const { payments } = await world.storage.load({ payments: many('transactions', { userId: alice.id }) })
    expect(payments.map(({ amount, status }) => [amount, status])).toContainEqual([900, 'succeeded'])
    const { open } = await world.storage.load({ open: many('operations', { status: 'open' }) })
    expect(open).toEqual([])
  })

  /** Has a handler hear of what comes from now on. */
  function listening(world: World) {
    const told: { objectId: string; data: object }[] = []
    world.florin.on('*', ({ objectId, data }) => told.push({ objectId, data }))
    const taken = async (limit: number) => {
      const { delivered, dead, failed } = await world.florin.maintenance.dispatch({ limit })
      return { delivered, dead, failed, hers: told.filter(({ data }) => 'userId' in data && data.userId === alice.id) }
    }
    const words = () => [/Liddell/, /Bob’s/, /4242/].map((text) => text.test(JSON.stringify(told)))
    return { taken, words }
  }

  it('is told without a word of hers, before the key goes and after', async () => {
    const world = await life({ webhooks: false })
    const { events: waiting } = await world.storage.load({ events: many('outbox', { status: 'pending' }) })
    const { taken, words } = listening(world)
    await erase(world.florin, { cancelSubscriptions: true })
    const before = await taken(4)
    expect(before).toMatchObject({ delivered: 4, dead: 0, failed: 0 })
    expect(before.hers.length).toBeGreaterThan(2)
    const bare = { amount: 1000, status: 'succeeded', description: null, metadata: {} }
    expect(before.hers[0]?.data).toMatchObject(bare)
    await world.advance(120)
    expect(await world.florin.maintenance.erase()).toEqual({ erased: 1, left: [] })
    const after = await taken(100)
    expect(after).toMatchObject({ dead: 0, failed: 0 })
    expect(4 + after.delivered).toBeGreaterThanOrEqual(waiting.length)
    expect(after.hers.length).toBeGreaterThan(before.hers.length + 2)
    expect(await taken(100)).toMatchObject({ delivered: 0, dead: 0 })
    expect(words()).toEqual([false, true, false])
  })

  it('is told by a retry after the key is gone, where it had been given up before', async () => {
    const world = await life({ webhooks: false, settings: { eventAttempts: 1 } })
    const stop = world.florin.on('*', () => {
      throw new Error('the receiver is away')
    })
    const { dead } = await world.florin.maintenance.dispatch({ limit: 100 })
    expect(dead).toBeGreaterThan(5)
    stop()
    await eraseFully(world)
    const { taken, words } = listening(world)
    const { data: given } = await world.florin.events.list({ status: 'dead', limit: 100 }, admin)
    expect(given).toHaveLength(dead)
    for (const { id } of given) await world.florin.events.retry(id, admin)
    expect(await taken(100)).toMatchObject({ dead: 0, failed: 0 })
    expect((await world.florin.events.list({ status: 'dead' }, admin)).data).toEqual([])
    expect(words()).toEqual([false, true, false])
  })
})
