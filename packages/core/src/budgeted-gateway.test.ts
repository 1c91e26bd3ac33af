import { signWebhook } from '@florin/stripe-sandbox'
import { describe, expect, it } from 'vitest'
import { liveFully } from '../test/reconciling-florin.ts'
import { alice, sandboxedFlorin, service } from '../test/sandboxed-florin.ts'
import { differences } from '../test/truth.ts'
import { isFlorinError } from './errors.ts'
import { memoryCallBudget } from './memory/index.ts'
import type { CallBudget, CallShare, WantedCall } from './ports/call-budget.ts'
import { many } from './ports/storage.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
const stripe = { perSecond: 100, perEndpointPerSecond: 25 }

/** A budget that lets everything go after a wait, and remembers who asked for what. */
function recording({ waitMs = 0, granted = true } = {}) {
  const [taken, slowed]: [WantedCall[], (string | null)[]] = [[], []]
  const budget: CallBudget = {
    async take(wanted) {
      taken.push(wanted)
      return { waitMs, granted: granted || wanted.atMostMs === undefined }
    },
    async slowDown(endpoint) {
      slowed.push(endpoint)
    },
  }
  return { budget, taken, slowed }
}

describe('the call budget', () => {
  it('is asked once for every call that is sent, under the name of what is sent', { timeout: 60_000 }, async () => {
    const { budget, taken } = recording()
    const one = sandboxedFlorin({ callBudget: budget, wait: async () => undefined })
    const sent = () => one.sandbox.requests.list().filter(({ path }) => !path.startsWith('/v1/test')).length
    const { florin } = one
    const by = { actor: service }
    const attached = { userId: alice.id, paymentMethod: 'pm_card_visa', setDefault: true }
    const calls: [CallShare, () => Promise<unknown>][] = [
      ['interactive', () => florin.payments.create(order, by)],
      ['interactive', () => florin.subscriptions.create({ userId: alice.id, priceId: 'price_1234567890' }, by)],
      ['interactive', () => florin.paymentMethods.attach(attached, by)],
      ['recovery', () => florin.maintenance.recover()],
      ['background', () => florin.maintenance.refresh()],
      ['background', () => florin.maintenance.reconcile()],
      ['background', () => florin.maintenance.findDrift({ mode: 'full' })],
      ['background', () => florin.maintenance.importAccount()],
    ]
    for (const [share, call] of calls) {
      if (share === 'recovery') {
        one.sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
        await expect(florin.payments.create(order, by)).rejects.toMatchObject({ outcome: 'unknown' })
        await one.advance(300)
      }
      if (share === 'background') await one.advance(3600)
      const [before, asked] = [sent(), taken.length]
      await call()
      expect(new Set(taken.slice(asked).map((wanted) => wanted.share))).toEqual(new Set([share]))
      expect(sent()).toBeGreaterThan(before)
      expect(taken.length - asked).toBe(sent() - before)
    }
    expect(taken.slice(0, 2)).toEqual([
      { endpoint: 'customer.create', share: 'interactive', atMostMs: 10_000 },
      { endpoint: 'payment.create', share: 'interactive', atMostMs: 10_000 },
    ])
    const endpoints = taken.map(({ endpoint }) => endpoint)
    expect(endpoints).toEqual(expect.arrayContaining(['event.list', 'invoice.list', 'customer.set_default_method']))
  })

  it('is never asked for a webhook', { timeout: 60_000 }, async () => {
    const { budget, taken } = recording()
    const { florin, sandbox } = sandboxedFlorin({ webhooks: false, callBudget: budget })
    await liveFully({ florin, sandbox }, { days: [31] })
    const calls = taken.length
    const events = sandbox.state.all('event')
    for (const event of events) {
      const body = JSON.stringify(event)
      const signature = signWebhook(body, ['whsec_florin_test'], Math.floor(Date.now() / 1000))
      await florin.webhooks.receive(body, signature)
    }
    expect(events.length).toBeGreaterThan(100)
    expect(taken).toHaveLength(calls)
  })

  it('turns a caller away before anything is written, where the wait would be too long', async () => {
    const { budget } = recording({ waitMs: 12_500, granted: false })
    const one = sandboxedFlorin({ callBudget: budget })
    const refused = one.florin.payments.create(order, { actor: service, idempotencyKey: 'order-17' })
    await expect(refused).rejects.toMatchObject({
      ...{ kind: 'unavailable', code: 'overloaded', outcome: 'not_applied', details: { retryAfterSeconds: 3 } },
    })
    expect(one.counts).toMatchObject({ commits: 0, calls: 0 })
    const [happening] = one.happenings
    expect(happening).toMatchObject({ what: 'gateway_awaited', outcome: 'refused', milliseconds: 12_500 })
  })

  it('has a caller decide anew on what is true after the wait', async () => {
    const { budget } = recording({ waitMs: 5000 })
    let meanwhile = async () => undefined as unknown
    const wait = async (milliseconds: number) => void (milliseconds === 5000 && (await meanwhile()))
    const one = sandboxedFlorin({ webhooks: false, callBudget: budget, wait })
    const attached = { userId: alice.id, paymentMethod: 'pm_card_visa' }
    const { data: method } = await one.florin.paymentMethods.attach(attached, { actor: service })
    const other = sandboxedFlorin({ beside: one })
    meanwhile = () => other.florin.paymentMethods.detach({ id: method.id }, { actor: service }).catch(() => undefined)
    one.counts.reset()
    const paying = one.florin.payments.create({ ...order, paymentMethod: method.id }, { actor: service })
    await expect(paying).rejects.toMatchObject({ code: 'payment_method_unusable' })
    expect(one.counts).toMatchObject({ commits: 0, calls: 0 })
  })

  it('slows down where Stripe says that it is too much: of the account, or of one endpoint', async () => {
    const { budget, slowed } = recording()
    const wait = async () => undefined
    const one = sandboxedFlorin({ callBudget: budget, wait })
    one.sandbox.faults.inject({ kind: 'rate_limit', path: '/v1/payment_intents' })
    expect((await one.florin.payments.create(order, { actor: service })).data.status).toBe('succeeded')
    expect(slowed).toEqual([null])
    const two = sandboxedFlorin({
      ...{ callBudget: budget, wait },
      sandbox: { rateLimit: { perEndpointPerSecond: 0 } },
    })
    await expect(two.florin.payments.create(order, { actor: service })).rejects.toMatchObject({
      ...{ code: 'gateway_unavailable', outcome: 'not_applied' },
    })
    expect(slowed).toEqual([null, ...Array(4).fill('customer.create')])
  })

  // 500 by hand (docs/proofs.md): at 17 a second they take half a minute.
  const PAYMENTS = Number(process.env.PAYMENTS ?? 60)
  it(`lets ${PAYMENTS} payments that are asked for at once end right under 25 a second`, {
    timeout: 120_000,
  }, async () => {
    const one = sandboxedFlorin({
      callBudget: memoryCallBudget(stripe),
      sandbox: { rateLimit: { perEndpointPerSecond: 25 } },
    })
    let turnedAway = 0
    const pay = async (index: number) => {
      for (;;) {
        try {
          const caller = { actor: service, idempotencyKey: `order-${index}` }
          return await one.florin.payments.create({ ...order, userId: `user_${index % 10}` }, caller)
        } catch (error) {
          if (!isFlorinError(error) || error.code !== 'overloaded') throw error
          turnedAway += 1
          const seconds = error.details.retryAfterSeconds ?? 1
          await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
        }
      }
    }
    const start = performance.now()
    const paid = await Promise.all(Array.from({ length: PAYMENTS }, (_, index) => pay(index)))
    const seconds = (performance.now() - start) / 1000
    await one.sandbox.webhooks.settled()
    expect(new Set(paid.map(({ data }) => data.id)).size).toBe(PAYMENTS)
    expect(paid.every(({ data }) => data.status === 'succeeded')).toBe(true)
    expect(one.sandbox.state.all('payment_intent')).toHaveLength(PAYMENTS)
    expect(await differences(one)).toEqual([])
    const sent = one.sandbox.requests.list()
    for (const path of ['/v1/payment_intents', '/v1/customers']) {
      const calls = sent.filter((request) => request.path === path)
      const limited = calls.filter(({ status }) => status === 429).length
      expect(limited / calls.length).toBeLessThanOrEqual(0.05)
      console.log(`${path}: ${limited} of ${calls.length} calls were one too many`)
    }
    const { operations } = await one.storage.load({ operations: many('operations', { status: 'open' }) })
    expect(operations).toEqual([])
    console.log(`${PAYMENTS} payments took ${seconds.toFixed(1)} s; callers were turned away ${turnedAway} times`)
  })
})
