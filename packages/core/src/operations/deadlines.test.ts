import { describe, expect, it } from 'vitest'
import { onItsWay } from '../../test/on-its-way.ts'
import { testCipher } from '../../test/opened.ts'
import { pausedSubscription } from '../../test/paused-subscription.ts'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { createFlorin } from '../create-florin.ts'
import { UnavailableError } from '../errors.ts'
import { many } from '../ports/storage.ts'
import { systemRuntime } from '../runtime.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
const plan = { userId: alice.id, priceId: 'price_1234567890' }
const caller = { actor: service, idempotencyKey: 'once' }
const MINUTE = 60
const HOUR = 3600
/** How long what was sent may still be on its way. */
const LANDING = 90

/** Use cases whose call is lost on its way to Stripe, so that nothing is there to be found. */
const cases = [
  {
    name: 'a payment',
    path: '/v1/payment_intents',
    prepare: async () => '',
    act: ({ florin }: SandboxedFlorin) => florin.payments.create(order, caller),
    window: 10 * MINUTE,
  },
  {
    name: 'a capture',
    path: '/v1/payment_intents/:id/capture',
    prepare: async ({ florin }: SandboxedFlorin) =>
      (await florin.payments.create({ ...order, captureMethod: 'manual' }, { actor: service })).data.id,
    act: ({ florin }: SandboxedFlorin, id: string) => florin.payments.capture({ id }, caller),
    window: 10 * MINUTE,
  },
  {
    name: 'a subscription',
    path: '/v1/subscriptions',
    prepare: async () => '',
    act: ({ florin }: SandboxedFlorin) => florin.subscriptions.create(plan, caller),
    window: 10 * MINUTE,
  },
  {
    name: 'the end of a pause',
    path: '/v1/subscriptions/:id/resume',
    prepare: (one: SandboxedFlorin) => pausedSubscription(one, { card: 'pm_card_visa' }),
    act: ({ florin }: SandboxedFlorin, id: string) => florin.subscriptions.resume({ id }, caller),
    window: 10 * MINUTE,
  },
  {
    name: 'a refund',
    path: '/v1/refunds',
    prepare: async ({ florin }: SandboxedFlorin) => (await florin.payments.create(order, { actor: service })).data.id,
    act: ({ florin }: SandboxedFlorin, transactionId: string) => florin.refunds.create({ transactionId }, caller),
    window: 23 * HOUR,
  },
  {
    name: 'a cancellation',
    path: '/v1/payment_intents/:id/cancel',
    prepare: async ({ florin }: SandboxedFlorin) =>
      (await florin.payments.create({ ...order, captureMethod: 'manual' }, { actor: service })).data.id,
    act: ({ florin }: SandboxedFlorin, id: string) => florin.payments.cancel({ id }, caller),
    window: 23 * HOUR,
  },
  {
    name: 'the end of a subscription',
    path: '/v1/subscriptions/:id',
    prepare: async ({ florin }: SandboxedFlorin) =>
      (await florin.subscriptions.create({ ...plan, paymentMethod: 'pm_card_visa' }, { actor: service })).data.id,
    act: ({ florin }: SandboxedFlorin, id: string) => florin.subscriptions.cancel({ id }, caller),
    window: 23 * HOUR,
  },
]

/** Leaves an operation open that never reached Stripe, and recovers it some time later. */
async function recoveredAfter(seconds: number, { path, prepare, act }: (typeof cases)[number]) {
  const one = sandboxedFlorin({ webhooks: false })
  await one.florin.paymentMethods.setUp({ userId: alice.id }, { actor: service })
  const id = await prepare(one)
  one.sandbox.faults.inject({ kind: 'cut_before', path, times: 1 })
  await expect(act(one, id)).rejects.toMatchObject({ outcome: 'unknown' })
  await one.advance(seconds)
  one.sandbox.requests.clear()
  const { settled, open } = await one.florin.maintenance.recover()
  if (settled === 0) {
    expect(open).toMatchObject([{ code: 'gateway_outcome_unknown' }])
    await one.advance(LANDING - 1)
    expect(await one.florin.maintenance.recover()).toMatchObject({ settled: 0, open: [] })
    await one.advance(1)
    expect(await one.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
  }
  const sent = one.sandbox.requests.list().filter(({ method }) => method !== 'GET')
  return { one, sent, again: () => act(one, id) }
}

/** A Stripe that takes a payment, is given up by its client, and makes the payment when it `land`s. */
async function slowStripe(what: 'payment.create' | 'subscription.create' = 'payment.create') {
  let landing: (() => Promise<unknown>) | undefined
  const one = sandboxedFlorin({
    webhooks: false,
    gateway: (inner) => ({
      ...inner,
      async send(call, options) {
        if (landing || call.call !== what) return inner.send(call, options)
        landing = () => inner.send(call, onItsWay(options))
        throw new UnavailableError('gateway_outcome_unknown', 'no answer in time', 'unknown')
      },
    }),
  })
  await one.florin.paymentMethods.setUp({ userId: alice.id }, { actor: service })
  return { one, land: async () => landing?.() }
}

describe('an operation that never reached Stripe', () => {
  it.each(cases)('$name is sent by recovery until its time is over', async (each) => {
    const { sent, again } = await recoveredAfter(each.window, each)
    expect(sent).toHaveLength(1)
    expect((await again()).replayed).toBe(true)
  })

  it.each(cases)('$name is only looked for after that, twice, and what it intended is called off', async (each) => {
    const { one, sent, again } = await recoveredAfter(each.window + 1, each)
    expect(sent).toEqual([])
    // The stored answer says so, as often as it is asked for.
    for (let times = 0; times < 2; times += 1) {
      await expect(again()).rejects.toMatchObject({
        ...{ kind: 'refused', details: { gatewayCode: 'never_reached_gateway', replayed: true } },
      })
    }
    expect(one.sandbox.requests.list().filter(({ method }) => method !== 'GET')).toEqual([])
  })

  it('a payment is canceled then, with the reason', async () => {
    const [payment] = cases
    if (!payment) throw new Error('the first case is the payment')
    const { one } = await recoveredAfter(payment.window + 1, payment)
    const { data } = await one.florin.payments.list({ userId: alice.id }, service)
    expect(data).toMatchObject([{ status: 'canceled', failure: { code: 'never_reached_gateway' } }])
  })

  it('a payment that Stripe still makes after the first look is found by the second', async () => {
    const { one, land } = await slowStripe()
    await expect(one.florin.payments.create(order, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    await one.advance(10 * MINUTE + 1)
    await one.florin.maintenance.recover()
    await expect(one.florin.payments.create(order, caller)).rejects.toMatchObject({ code: 'operation_in_progress' })
    await land()
    await one.advance(LANDING)
    expect(await one.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
    const { data, replayed } = await one.florin.payments.create(order, caller)
    expect([data.status, data.amountCaptured, replayed]).toEqual(['succeeded', 1000, true])
  })

  it.each([
    { clock: 'far ahead', by: HOUR, first: 0 },
    { clock: 'behind', by: -5 * MINUTE, first: 15 * MINUTE + 1 },
  ])('is found also where the clock of whoever looks first is $clock', async ({ by, first }) => {
    const { one, land } = await slowStripe()
    await expect(one.florin.payments.create(order, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    await one.advance(first)
    const wrong = { ...systemRuntime, now: () => (one.sandbox.clock.now() + by) * 1000 }
    const other = createFlorin({ storage: one.storage, gateway: one.gateway, cipher: testCipher, runtime: wrong })
    expect(await other.maintenance.recover()).toMatchObject({ settled: 0, open: [{ code: 'gateway_outcome_unknown' }] })
    // By its clock the others' time has come already, or is far away: what counts is how long Stripe had.
    await one.advance(1)
    expect(await one.florin.maintenance.recover()).toMatchObject({ settled: 0 })
    await land()
    await one.advance(LANDING)
    const looks = [await other.maintenance.recover(), await one.florin.maintenance.recover()]
    expect(looks.map(({ settled }) => settled).toSorted()).toEqual([0, 1])
    const { data } = await one.florin.payments.list({ userId: alice.id }, service)
    expect(data).toMatchObject([{ status: 'succeeded' }])
  })

  it('is not sent again once it was looked for, not even by a process with a longer window', async () => {
    const { one } = await slowStripe()
    await expect(one.florin.payments.create(order, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    await one.advance(10 * MINUTE + 1)
    await one.florin.maintenance.recover()
    await one.advance(LANDING)
    const patient = sandboxedFlorin({
      webhooks: false,
      beside: one,
      settings: { paymentRecoveryWindowMs: HOUR * 1000 },
    })
    one.sandbox.requests.clear()
    expect(await patient.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
    expect(one.sandbox.requests.list().filter(({ method }) => method !== 'GET')).toEqual([])
  })

  it('is sent once, whatever the window, by whoever was asked for it', async () => {
    const one = sandboxedFlorin({
      webhooks: false,
      settings: { paymentRecoveryWindowMs: 1 },
      storage: (inner) => ({
        ...inner,
        async commit(commit) {
          await one.sandbox.clock.advance(1)
          return inner.commit(commit)
        },
      }),
    })
    expect((await one.florin.payments.create(order, caller)).data.status).toBe('succeeded')
  })

  it('a subscription that was called off, and lands after all, is told as a new one', async () => {
    const { one, land } = await slowStripe('subscription.create')
    const told = async () => (await one.storage.load({ events: many('outbox', {}) })).events.map(({ type }) => type)
    await expect(one.florin.subscriptions.create(plan, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    await one.advance(10 * MINUTE + 1)
    await one.florin.maintenance.recover()
    await one.advance(LANDING)
    expect(await one.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
    expect(await told()).not.toContain('subscription.created')
    await land()
    await one.florin.maintenance.reconcile()
    expect(await told()).toContain('subscription.created')
  })

  it('a capture that was carried out, and whose answer was lost, is known by the first look', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const { data } = await one.florin.payments.create({ ...order, captureMethod: 'manual' }, { actor: service })
    one.sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents/:id/capture', times: 1 })
    await expect(one.florin.payments.capture({ id: data.id }, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    await one.advance(10 * MINUTE + 1)
    expect(await one.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
    expect(await one.florin.payments.get(data.id, service)).toMatchObject({ status: 'succeeded' })
  })

  it.each([61, 10 * MINUTE + 1])('is not sent by a process that stood still for %i s before it', async (seconds) => {
    let frozen = 0
    const one = sandboxedFlorin({
      webhooks: false,
      storage: (inner) => ({
        ...inner,
        async commit(commit) {
          const outcome = await inner.commit(commit)
          if (frozen > 0 && commit.changes.some(({ table }) => table === 'operations')) {
            one.sandbox.clock.advance(frozen)
            frozen = 0
          }
          return outcome
        },
      }),
    })
    await one.florin.paymentMethods.setUp({ userId: alice.id }, { actor: service })
    frozen = seconds
    one.sandbox.requests.clear()
    await expect(one.florin.payments.create(order, caller)).rejects.toMatchObject({ code: 'gateway_outcome_unknown' })
    expect(one.sandbox.requests.list()).toEqual([])
  })

  it('is sent for as long as the deployment says', async () => {
    const one = sandboxedFlorin({ webhooks: false, settings: { paymentRecoveryWindowMs: 3 * HOUR * 1000 } })
    one.sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents' })
    await expect(one.florin.payments.create(order, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    await one.advance(3 * HOUR)
    await one.florin.maintenance.recover()
    expect(await one.florin.payments.create(order, caller)).toMatchObject({ data: { status: 'succeeded' } })
  })
})
