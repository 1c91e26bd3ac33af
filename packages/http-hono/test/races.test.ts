import { system } from '@florin/core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { OpenStage } from '../../core/test/converging.ts'
import { differences } from '../../core/test/truth.ts'
import { openDatabases, openReplicas } from './replicas.ts'

let databases: Awaited<ReturnType<typeof openDatabases>>
beforeAll(async () => {
  databases = await openDatabases()
}, 60_000)
afterAll(() => databases.close(), 60_000)

let stage: OpenStage
beforeEach(async () => {
  stage = await openReplicas(databases)
}, 60_000)
afterEach(async () => {
  stage.sandbox.close()
  await stage.close?.()
}, 60_000)

const by = { actor: system }
const order = { userId: 'user_1', amount: 2000, currency: 'USD', paymentMethod: 'pm_card_visa' }
const florin = (turn: number) => {
  const chosen = stage.florins[turn % stage.florins.length]
  if (!chosen) throw new Error('a stage has Florins')
  return chosen
}

it('makes one of two refunds of 15.00 that race for 20.00 at two replicas, at both ends', {
  timeout: 60_000,
}, async () => {
  for (let times = 1; times <= 10; times += 1) {
    const { data: payment } = await florin(times).payments.create(order, by)
    const refund = (turn: number) => florin(turn).refunds.create({ transactionId: payment.id, amount: 1500 }, by)
    const outcomes = await Promise.allSettled([refund(0), refund(1)])
    const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(refused).toEqual(['refund_exceeds_captured'])
    expect(stage.sandbox.state.all('refund')).toHaveLength(times)
    expect((await florin(0).refunds.list({ transactionId: payment.id }, system)).data).toHaveLength(1)
  }
  await stage.sandbox.webhooks.settled()
  expect(await differences(stage)).toEqual([])
})

it('takes a webhook at one replica before the other one has the answer', { timeout: 60_000 }, async () => {
  stage.sandbox.webhooks.setMode({ before_answer: true, concurrency: 4 })
  for (let turn = 0; turn < 10; turn += 1) {
    const captureMethod = turn % 3 === 0 ? ('manual' as const) : ('automatic' as const)
    const { data } = await florin(turn).payments.create({ ...order, captureMethod }, by)
    expect(data.status).toBe(captureMethod === 'manual' ? 'requires_capture' : 'succeeded')
    const plan = { userId: `user_${turn}`, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
    expect((await florin(turn).subscriptions.create(plan, by)).data.status).toBe('active')
  }
  await stage.sandbox.webhooks.settled()
  await stage.sandbox.clock.advance(1200)
  await florin(0).maintenance.refresh({ limit: 1000 })
  expect(await differences(stage)).toEqual([])
})

it('makes one customer for 50 payments of a new user that come at once to two replicas', {
  timeout: 60_000,
}, async () => {
  const payments = Array.from({ length: 50 }, (_, turn) => florin(turn).payments.create(order, by))
  const made = await Promise.all(payments)
  expect(new Set(made.map(({ data }) => data.id)).size).toBe(50)
  expect(stage.sandbox.state.all('customer')).toHaveLength(1)
  expect(stage.sandbox.state.all('payment_intent')).toHaveLength(50)
  await stage.sandbox.webhooks.settled()
  expect(await differences(stage)).toEqual([])
})
