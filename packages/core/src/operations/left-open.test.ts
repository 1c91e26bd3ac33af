import { expect, it } from 'vitest'
import { alice, impatient, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

const HOUR = 3600
const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
const under = (idempotencyKey: string) => ({ actor: service, idempotencyKey })
const quiet = { webhooks: false, isValidated: false, wait: impatient }

it('a refund that Stripe answers by the same error all day keeps nobody from refunding the rest', async () => {
  const { florin, sandbox, advance } = sandboxedFlorin(quiet)
  const { data } = await florin.payments.create(order, { actor: service })
  const refund = (key: string) => florin.refunds.create({ transactionId: data.id, amount: 100 }, under(key))
  sandbox.faults.inject({ kind: 'fail_before', path: '/v1/refunds', saved: true })
  await expect(refund('first')).rejects.toMatchObject({ outcome: 'unknown' })
  for (const hours of [1, 11]) {
    await advance(hours * HOUR)
    expect(await florin.maintenance.recover()).toMatchObject({ settled: 0 })
    expect((await refund(`after ${hours}`)).data.status).toBe('succeeded')
  }
})

it('a user whose customer Stripe answered so for can pay minutes later', async () => {
  const { florin, sandbox, advance } = sandboxedFlorin(quiet)
  sandbox.faults.inject({ kind: 'fail_before', path: '/v1/customers', saved: true })
  await expect(florin.payments.create(order, under('a'))).rejects.toMatchObject({ outcome: 'unknown' })
  for (const seconds of [121, 91]) {
    await advance(seconds)
    await florin.maintenance.recover()
  }
  expect((await florin.payments.create(order, under('b'))).data.status).toBe('succeeded')
})

it('and whose own payment finds out that it was not made is not refused for it', async () => {
  const { florin, sandbox, advance } = sandboxedFlorin(quiet)
  sandbox.faults.inject({ kind: 'fail_before', path: '/v1/customers', saved: true })
  await expect(florin.payments.create(order, under('a'))).rejects.toMatchObject({ outcome: 'unknown' })
  await advance(121)
  await expect(florin.payments.create(order, under('a'))).rejects.toMatchObject({ outcome: 'unknown' })
  await advance(91)
  expect((await florin.payments.create(order, under('a'))).data.status).toBe('succeeded')
  expect(sandbox.state.all('customer')).toHaveLength(1)
})

it('what stays open is tried at once, and once it is old every minute', async () => {
  const { florin, sandbox, advance, counts } = sandboxedFlorin(quiet)
  const { data } = await florin.payments.create(order, { actor: service })
  sandbox.faults.inject({ kind: 'fail_before', path: '/v1/refunds', saved: true })
  await expect(florin.refunds.create({ transactionId: data.id }, under('a'))).rejects.toMatchObject({
    outcome: 'unknown',
  })
  const callsInAMinute = async () => {
    counts.reset()
    for (let times = 0; times < 12; times += 1) {
      await advance(5)
      await florin.maintenance.recover()
    }
    return counts.calls
  }
  expect(await callsInAMinute()).toBe(12)
  await advance(HOUR)
  await florin.maintenance.recover()
  expect(await callsInAMinute()).toBe(1)
})

it('an operation that the storage lost is answered as not known yet, with its ids', async () => {
  let isLost = false
  const { florin } = sandboxedFlorin({
    ...quiet,
    gateway: (inner) => ({
      ...inner,
      async send(call, options) {
        const answer = await inner.send(call, options)
        isLost = call.call === 'payment.create'
        return answer
      },
    }),
    // A replica took over, and lacks the last commits.
    storage: (inner) => ({
      load: (query) =>
        isLost ? inner.load({ ...query }).then((rows) => ({ ...rows, '(operation)': undefined })) : inner.load(query),
      commit: async (commit) => (isLost ? 'conflict' : inner.commit(commit)),
    }),
  })
  await expect(florin.payments.create(order, under('a'))).rejects.toMatchObject({
    code: 'gateway_outcome_unknown',
    details: { operationId: expect.stringMatching(/^operation_/), objectId: expect.stringMatching(/^tx_/) },
  })
})

it('a card is not said to be attached while its removal is open', async () => {
  const { florin, sandbox, advance } = sandboxedFlorin(quiet)
  const card = { userId: alice.id, paymentMethod: 'pm_card_visa' }
  const { data } = await florin.paymentMethods.attach(card, { actor: service })
  sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_methods/:id/detach', times: 1 })
  await expect(florin.paymentMethods.detach({ id: data.id }, under('a'))).rejects.toMatchObject({ outcome: 'unknown' })
  const again = () => florin.paymentMethods.attach({ ...card, paymentMethod: data.id }, { actor: service })
  await advance(45)
  await expect(again()).rejects.toMatchObject({ code: 'operation_in_progress' })
  await florin.maintenance.recover()
  await expect(again()).rejects.toMatchObject({ kind: 'refused' })
})

it('a refund stays one, although what was left open on its payment before finds it at Stripe first', async () => {
  const { florin, sandbox, advance } = sandboxedFlorin(quiet)
  const { data } = await florin.payments.create({ ...order, captureMethod: 'manual' }, { actor: service })
  const lost = async (path: string, ask: () => Promise<unknown>) => {
    sandbox.faults.inject({ kind: 'cut', times: 2, path })
    await expect(ask()).rejects.toMatchObject({ outcome: 'unknown' })
    sandbox.faults.clear()
  }
  await lost('/v1/payment_intents/:id/capture', () => florin.payments.capture({ id: data.id }, { actor: service }))
  // Nothing recovers, so that its lease ends; what it did is heard of all the same.
  await advance(13 * 60)
  await florin.maintenance.reconcile()
  await lost('/v1/refunds', () => florin.refunds.create({ transactionId: data.id, amount: 100 }, under('a')))
  await advance(61)
  expect(await florin.maintenance.recover()).toMatchObject({ settled: 2, open: [] })
  const { data: refunds } = await florin.refunds.list({ transactionId: data.id }, service)
  expect(refunds).toMatchObject([{ amount: 100, status: 'succeeded' }])
})
