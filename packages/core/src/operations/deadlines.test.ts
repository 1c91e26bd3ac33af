import { describe, expect, it } from 'vitest'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
const plan = { userId: alice.id, priceId: 'price_1234567890' }
const caller = { actor: service, idempotencyKey: 'once' }
const MINUTE = 60
const HOUR = 3600

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
  expect(await one.florin.maintenance.recover()).toEqual({ settled: 1, open: [] })
  const sent = one.sandbox.requests.list().filter(({ method }) => method !== 'GET')
  return { one, sent, again: () => act(one, id) }
}

describe('an operation that never reached Stripe', () => {
  it.each(cases)('$name is sent by recovery until its time is over', async (each) => {
    const { sent, again } = await recoveredAfter(each.window, each)
    expect(sent).toHaveLength(1)
    expect((await again()).replayed).toBe(true)
  })

  it.each(cases)('$name is only looked for after that, and what it intended is called off', async (each) => {
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

  it('is sent for as long as the deployment says', async () => {
    const one = sandboxedFlorin({ webhooks: false, settings: { paymentRecoveryWindowMs: 3 * HOUR * 1000 } })
    one.sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents' })
    await expect(one.florin.payments.create(order, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    await one.advance(3 * HOUR)
    await one.florin.maintenance.recover()
    expect(await one.florin.payments.create(order, caller)).toMatchObject({ data: { status: 'succeeded' } })
  })
})
