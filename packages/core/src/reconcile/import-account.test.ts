import { describe, expect, it } from 'vitest'
import { debtWorld } from '../../test/debt-world.ts'
import { dashboardOf, liveFully, rowsIn, type UnhurriedFlorin, unhurried } from '../../test/reconciling-florin.ts'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { differences } from '../../test/truth.ts'
import { must, UnavailableError } from '../errors.ts'
import type { ImportProgress } from '../index.ts'
import { memoryStorage } from '../memory/index.ts'
import { tableOf } from '../observations/object-kinds.ts'
import type { PaymentGateway } from '../ports/gateway.ts'

const by = { actor: service }
const ten = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }

/** What is stored otherwise than at Stripe; facts are told by nobody here. */
const wrong = async ({ sandbox }: SandboxedFlorin, { storage }: UnhurriedFlorin) =>
  (await differences({ sandbox, storage })).filter((line) => !/ was told 0 times$/.test(line))

const sizes = async ({ storage }: Pick<UnhurriedFlorin, 'storage'>) =>
  Object.fromEntries(
    await Promise.all(Object.values(tableOf).map(async (table) => [table, (await rowsIn(storage, table)).length])),
  )

describe('importAccount', { timeout: 60_000 }, () => {
  it('brings a full life in, equal to what Stripe has, with users, and tells nobody', async () => {
    const world = sandboxedFlorin()
    await liveFully(world)
    const one = unhurried(world)
    const imported = await one.florin.maintenance.importAccount()
    expect(await wrong(world, one)).toEqual([])
    expect((await one.florin.maintenance.findDrift({ mode: 'full' })).differences).toEqual([])
    const { state } = world.sandbox
    const living = state.all('customer').filter((customer) => !('deleted' in customer))
    expect(await sizes(one)).toEqual({
      customers: living.length,
      payment_methods: state.all('payment_method').filter((method) => Reflect.get(method, 'customer') !== null).length,
      transactions: state.all('payment_intent').length,
      refunds: state.all('refund').length,
      subscriptions: state.all('subscription').length,
      invoices: state.all('invoice').length,
      disputes: state.all('dispute').length,
    })
    expect(imported.payment.adopted).toBe(imported.payment.read)
    expect(await rowsIn(one.storage, 'outbox')).toEqual([])

    // What Florin had made there has its ids and users again, as if its database had not been lost.
    const after = await rowsIn(one.storage, 'transactions')
    const mine = world.sandbox.state.all('payment_intent').flatMap((intent) => {
      const { florin_id: id, florin_user: userId } = Object(Reflect.get(intent, 'metadata'))
      return id ? [{ id, userId, gatewayId: Reflect.get(intent, 'id') }] : []
    })
    expect(mine).toHaveLength(9)
    for (const payment of mine) expect(after).toContainEqual(expect.objectContaining(payment))
    expect(await one.florin.payments.list({ userId: alice.id, limit: 50 }, alice)).toMatchObject({ hasMore: false })
  })

  it('broken off at any call goes on from there, and comes to the same', async () => {
    const world = sandboxedFlorin()
    await liveFully(world)
    const whole = unhurried(world)
    await whole.florin.maintenance.importAccount()
    let points = 0
    for (let point = 1; ; point += 1) {
      const storage = memoryStorage()
      let left = point
      const gateway = (inner: PaymentGateway) => ({
        ...inner,
        list: (query: Parameters<PaymentGateway['list']>[0]) => {
          left -= 1
          const error = new UnavailableError('gateway_unavailable', 'broken on purpose', 'not_applied')
          return left === 0 ? Promise.reject(error) : inner.list(query)
        },
      })
      const died = await unhurried(world, { storage, gateway })
        .florin.maintenance.importAccount()
        .then(
          () => false,
          () => true,
        )
      if (!died) break
      points += 1
      const next = unhurried(world, { storage })
      await next.florin.maintenance.importAccount()
      expect(await sizes(next)).toEqual(await sizes(whole))
      expect(next.calls.length).toBeLessThanOrEqual(whole.calls.length)
    }
    expect(points).toBeGreaterThan(7)
    console.log(`import: broken off at ${points} calls, each came to the same`)
  })

  it('goes on at the page where it was, starts the kind over where that is gone, and all anew once it is done', async () => {
    const world = sandboxedFlorin({ webhooks: false })
    const stripe = dashboardOf(world)
    for (let index = 0; index < 250; index += 1) await stripe.customers.create({ name: `nobody ${index}` })
    const storage = memoryStorage()
    const breakAt = (last: number) => (inner: PaymentGateway) => {
      let calls = 0
      const list: PaymentGateway['list'] = (query) => {
        calls += 1
        const error = new UnavailableError('gateway_unavailable', 'broken on purpose', 'not_applied')
        return calls > last ? Promise.reject(error) : inner.list(query)
      }
      return { ...inner, list }
    }
    const importing = (gateway?: ReturnType<typeof breakAt>) => {
      const told: ImportProgress[] = []
      const { florin, calls } = unhurried(world, { storage, ...(gateway && { gateway }) })
      const done = florin.maintenance.importAccount({ onProgress: (progress) => told.push(progress) })
      return { done, calls, told }
    }
    const first = importing(breakAt(1))
    await expect(first.done).rejects.toMatchObject({ code: 'gateway_unavailable' })
    expect(first.told.at(-1)).toMatchObject({
      kind: 'customer',
      read: 100,
      adopted: 100,
      isDone: false,
      done: 0,
      of: 7,
    })
    const second = importing(breakAt(1))
    await expect(second.done).rejects.toMatchObject({ code: 'gateway_unavailable' })
    expect(second.told.at(-1)).toMatchObject({ kind: 'customer', read: 200, adopted: 200 })
    const [bookmark] = await rowsIn(storage, 'bookmarks')
    const gone = {
      ...must(bookmark, 'the bookmark'),
      value: { after: 'cus_gone', isDone: false, read: 200, adopted: 200 },
    }
    await storage.commit({ id: 'commit_gone', changes: [{ table: 'bookmarks', row: gone }] })
    const third = importing()
    await expect(third.done).resolves.toMatchObject({ customer: { read: 250, adopted: 50 } })
    expect(await sizes({ storage })).toMatchObject({ customers: 250 })
    expect(third.told.at(-1)).toMatchObject({ kind: 'dispute', isDone: true, done: 7, of: 7 })
    await stripe.customers.create({ name: 'one more' })
    await expect(importing().done).resolves.toMatchObject({ customer: { read: 251, adopted: 1 } })
  })

  it('leaves alone what is here: what a webhook has yet to tell is not told by nobody', async () => {
    const world = sandboxedFlorin({ webhooks: false })
    const card = { paymentMethod: 'pm_card_threeDSecure2Required', returnUrl: 'https://shop.example/back' }
    const { data } = await world.florin.payments.create({ ...ten, ...card }, by)
    const path = `/payment_intents/${data.stripePaymentIntentId}/authenticate`
    await world.sandbox.control('POST', path, { outcome: 'succeed' })
    const { florin, storage } = unhurried(world, { storage: world.storage })
    await florin.maintenance.importAccount()
    expect(await florin.payments.get(data.id, service)).toMatchObject({ status: 'requires_action' })
    await florin.maintenance.reconcile()
    expect(await florin.payments.get(data.id, service)).toMatchObject({ status: 'succeeded' })
    const types = (await rowsIn(storage, 'outbox')).map(({ type }) => type)
    expect(types.filter((type) => type === 'payment.succeeded')).toHaveLength(1)
  })

  it('gives what came without a user the user that its customer names by now', async () => {
    const world = sandboxedFlorin({ webhooks: false })
    const stripe = dashboardOf(world)
    const customer = await stripe.customers.create()
    const made = await stripe.paymentIntents.create({ amount: 800, currency: 'usd', customer: customer.id })
    const { florin, storage } = unhurried(world)
    await florin.maintenance.importAccount()
    expect(await rowsIn(storage, 'transactions')).toMatchObject([{ gatewayId: made.id, userId: null }])
    await stripe.customers.update(customer.id, { metadata: { florin_user: alice.id } })
    await florin.maintenance.importAccount()
    expect(await rowsIn(storage, 'transactions')).toMatchObject([{ gatewayId: made.id, userId: alice.id }])
    expect(await rowsIn(storage, 'customers')).toMatchObject([{ id: customer.id, userId: alice.id, isPrimary: true }])
  })

  it('ignores what belongs to other installations, and emits when asked', async () => {
    const world = sandboxedFlorin({ webhooks: false })
    const other = unhurried(world, { settings: { installation: 'elsewhere' } })
    await other.florin.payments.create({ ...ten, paymentMethod: 'pm_card_createDispute' }, by)
    const plan = { userId: alice.id, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
    await other.florin.subscriptions.create(plan, by)
    const one = unhurried(world)
    await one.florin.maintenance.importAccount({ emit: true })
    expect(Object.values(await sizes(one))).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect(await rowsIn(one.storage, 'outbox')).toEqual([])
    await world.florin.payments.create(ten, by)
    await one.florin.maintenance.importAccount({ emit: true })
    expect(await sizes(one)).toMatchObject({ customers: 1, transactions: 1, disputes: 0 })
    expect((await rowsIn(one.storage, 'outbox')).map(({ type }) => type)).toEqual(['payment.succeeded'])
  })
})

describe.each([
  { what: 'an import', run: ({ florin }: SandboxedFlorin) => florin.maintenance.importAccount() },
  {
    what: 'a repair',
    run: async ({ florin: { maintenance } }: SandboxedFlorin) =>
      maintenance.repairDrift({ differences: (await maintenance.findDrift({ mode: 'full' })).differences }),
  },
])('$what before the webhooks', ({ run }) => {
  it('tells what happened just now, once', async () => {
    const world = debtWorld()
    await world.pay({ reference: 'order-1' })
    await world.letIn()
    await world.advance(24 * 3600)
    await world.payElsewhere({ 'metadata[florin_reference]': 'order-2' })
    await run(world)
    expect(await world.told('payment.succeeded')).toBe(2)
    await world.settle()
    expect(await world.told('payment.succeeded')).toBe(2)
  })

  it('tells nothing of what the old system did just before Florin began', async () => {
    const world = debtWorld()
    await world.stripe('customers', {})
    await world.payElsewhere()
    await world.advance(1800)
    await world.pay({ reference: 'order-2' })
    await run(world)
    expect(await world.told('payment.succeeded')).toBe(1)
  })

  it('tells nothing of what is older', async () => {
    const world = debtWorld()
    await world.pay({ reference: 'order-1' })
    await world.letIn()
    await world.payElsewhere({ 'metadata[florin_reference]': 'order-2' })
    await world.advance(2 * 3600)
    await run(world)
    await world.settle()
    expect(await world.told('payment.succeeded')).toBe(1)
  })
})
