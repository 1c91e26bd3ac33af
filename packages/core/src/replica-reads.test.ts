import { expect, test } from 'vitest'
import { alice, sandboxedFlorin, service } from '../test/sandboxed-florin.ts'
import { UnavailableError } from './errors.ts'
import { createFlorin, system } from './index.ts'
import { memoryStorage } from './memory/index.ts'
import { nodeCipher } from './node/index.ts'
import { systemRuntime } from './runtime.ts'

/** Florin over a primary and a replica that gets what was committed when `catchUp` is called. */
function replicated() {
  const primary = memoryStorage()
  let copy = memoryStorage()
  const state = { isAway: false, asked: 0, primaryLoads: 0, now: Date.now() }
  const { gateway } = sandboxedFlorin()
  const another = () =>
    createFlorin({
      storage: {
        load: (query) => {
          state.primaryLoads += 1
          return primary.load(query)
        },
        commit: (commit) => primary.commit(commit),
      },
      readStorage: {
        async load(query) {
          state.asked += 1
          if (state.isAway) throw new UnavailableError('storage_unavailable', 'the replica is away', 'not_applied')
          return copy.load(query)
        },
      },
      gateway,
      cipher: nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32).fill(7) } }),
      runtime: { ...systemRuntime, now: () => state.now },
    })
  const florin = another()
  const catchUp = () => {
    copy = memoryStorage({ snapshot: primary.snapshot() })
  }
  return { florin, another, state, catchUp }
}

const input = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa', description: 'a book' }

test('shows from the replica, which may lag, and finds on the primary what is too new for it', async () => {
  const { florin, state, catchUp } = replicated()
  const { data: payment } = await florin.payments.create(input, { actor: service })
  expect(state.asked).toBe(0)
  expect(await florin.payments.get(payment.id, alice)).toEqual(payment)
  expect((await florin.payments.list({ userId: alice.id }, alice)).data).toEqual([])
  catchUp()
  const loads = state.primaryLoads
  expect(await florin.payments.get(payment.id, alice)).toEqual(payment)
  expect((await florin.payments.list({ userId: alice.id }, alice)).data).toHaveLength(1)
  expect(state.primaryLoads).toBe(loads)
})

test('decides nothing on the replica', async () => {
  const { florin, state, catchUp } = replicated()
  const { data: payment } = await florin.payments.create(input, { actor: service })
  catchUp()
  state.asked = 0
  await florin.refunds.create({ transactionId: payment.id, amount: 600 }, { actor: service })
  // The replica still shows all of it as there to be given back.
  expect((await florin.payments.get(payment.id, alice)).amountRefunded).toBe(0)
  const more = florin.refunds.create({ transactionId: payment.id, amount: 600 }, { actor: service })
  await expect(more).rejects.toMatchObject({ code: 'refund_exceeds_captured' })
  await florin.maintenance.recover()
  await florin.maintenance.dispatch()
  expect(state.asked).toBe(1)
})

test('asks the primary while the replica is away, and the replica again after five seconds', async () => {
  const { florin, state, catchUp } = replicated()
  const { data: payment } = await florin.payments.create(input, { actor: service })
  catchUp()
  state.isAway = true
  for (let reads = 0; reads < 10; reads += 1) {
    expect(await florin.payments.get(payment.id, alice)).toMatchObject({ id: payment.id })
  }
  expect(state.asked).toBe(1)
  state.isAway = false
  state.now += 5000
  const loads = state.primaryLoads
  expect(await florin.payments.get(payment.id, alice)).toMatchObject({ id: payment.id })
  expect([state.asked, state.primaryLoads]).toEqual([2, loads])
})

test('learns of no key by a replica that lags: who is erased is known from the primary', async () => {
  const { florin, another, state, catchUp } = replicated()
  await florin.payments.create(input, { actor: service })
  catchUp()
  // Another process, which has never met this user, shows something from the replica after the erasure has begun.
  const other = another()
  await florin.users.erase({ userId: alice.id }, { actor: system })
  await other.payments.list({ userId: alice.id }, service)
  await expect(other.payments.create(input, { actor: service })).rejects.toMatchObject({ code: 'user_erased' })
  expect(state.isAway).toBe(false)
})
