import { describe, expect, it } from 'vitest'
import { openOperations } from '../../test/mortal.ts'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import type { DomainEvent } from '../index.ts'

const by = { actor: service, idempotencyKey: 'once' }
const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
const plan = { userId: alice.id, priceId: 'price_1234567890' }

/** A Florin that hears what it tells, and what is heard once something that never reached Stripe was called off. */
function listening(options: Parameters<typeof sandboxedFlorin>[0] = {}) {
  const one = sandboxedFlorin({ webhooks: false, ...options })
  const heard: string[] = []
  one.florin.on('*', ({ type, data }: DomainEvent) => void heard.push(`${type} ${'status' in data && data.status}`))
  const calledOff = async (seconds: number) => {
    for (const pause of [seconds, 91]) {
      await one.advance(pause)
      await one.florin.maintenance.recover()
    }
    await one.florin.maintenance.dispatch()
    return heard
  }
  return { ...one, calledOff }
}

describe('what never reached Stripe, and is called off when nobody waits for it any more, is told', () => {
  it.each([
    ['/v1/payment_intents', 'payment.canceled canceled', 601],
    ['/v1/subscriptions', 'subscription.canceled canceled', 601],
    ['/v1/refunds', 'refund.failed failed', 23 * 3600 + 1],
  ] as const)('of %s', async (path, fact, seconds) => {
    const { florin, sandbox, calledOff } = listening()
    await florin.paymentMethods.setUp({ userId: alice.id }, { actor: service })
    const paid = path === '/v1/refunds' ? await florin.payments.create(order, { actor: service }) : undefined
    sandbox.faults.inject({ kind: 'cut_before', path, times: 1 })
    const asked = paid
      ? florin.refunds.create({ transactionId: paid.data.id }, by)
      : path === '/v1/subscriptions'
        ? florin.subscriptions.create(plan, by)
        : florin.payments.create(order, by)
    await expect(asked).rejects.toMatchObject({ outcome: 'unknown' })
    const heard = await calledOff(seconds)
    expect(heard.filter((one) => one === fact)).toHaveLength(1)
  })

  it('and what Stripe refused after the caller had stopped waiting', async () => {
    const late = new AbortController()
    const one = listening({
      gateway: (inner) => ({
        ...inner,
        async send(call, options) {
          if (call.call === 'payment.create') late.abort()
          return inner.send(call, options)
        },
      }),
    })
    const caller = { actor: service, signal: late.signal }
    const asked = one.florin.payments.create({ ...order, paymentMethod: 'pm_nobody_knows' }, caller)
    await expect(asked).rejects.toMatchObject({ code: 'gateway_outcome_unknown' })
    await expect.poll(() => openOperations(one)).toEqual([])
    expect(await one.calledOff(1)).toEqual(['payment.canceled canceled'])
  })

  it('and what Stripe refused while the caller waited is told to him alone', async () => {
    const { florin, calledOff } = listening()
    const asked = florin.payments.create({ ...order, paymentMethod: 'pm_nobody_knows' }, by)
    await expect(asked).rejects.toMatchObject({ kind: 'invalid' })
    expect(await calledOff(1)).toEqual([])
  })
})
