import { describe, expect, it } from 'vitest'
import { stripeOf } from '../../test/paused-subscription.ts'
import { alice, impatient, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import type { Subscription } from './subscription.ts'

const MONTH = 32 * 24 * 3600
const monthly = { userId: alice.id, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
const byAlice = { actor: alice }

/** A subscription, and what its customer does at Stripe: in its portal, of which a webhook tells a minute later. */
async function subscribed() {
  const one = sandboxedFlorin({ wait: impatient })
  const { data } = await one.florin.subscriptions.create(monthly, { actor: service })
  await one.advance(60)
  const { id } = data
  const inPortal = async (change: { cancel_at_period_end: boolean } | { cancel_at: 'min_period_end' }) => {
    one.sandbox.webhooks.setMode({ delay: 60 })
    await stripeOf(one).subscriptions.update(data.stripeSubscriptionId ?? '', change)
    one.sandbox.webhooks.setMode()
  }
  return { ...one, id, inPortal }
}

/** What a month later is left of it, and how often it was paid. */
async function afterAMonth({ florin, advance }: SandboxedFlorin, id: string) {
  await advance(MONTH)
  const { data } = await florin.invoices.list({ userId: alice.id }, alice)
  return { status: (await florin.subscriptions.get(id, alice)).status, invoices: data.length }
}

const ended = { status: 'canceled', invoices: 1 }
const goesOn = { status: 'active', invoices: 2 }

describe('what is asked for holds, whatever the row said before', () => {
  it('an end, where an earlier one was taken back at Stripe', async () => {
    const { inPortal, id, ...one } = await subscribed()
    await one.florin.subscriptions.cancel({ id, atPeriodEnd: true }, byAlice)
    await one.advance(60)
    await inPortal({ cancel_at_period_end: false })
    const { data } = await one.florin.subscriptions.cancel({ id, atPeriodEnd: true }, byAlice)
    expect(data).toMatchObject({ status: 'active', cancelAtPeriodEnd: true })
    expect(await afterAMonth(one, id)).toEqual(ended)
  })

  it('also where it is asked for and taken back within a second', async () => {
    const { florin, id } = await subscribed()
    for (const atEnd of [true, false, true, false]) {
      const { data } = await florin.subscriptions.update({ id, cancelAtPeriodEnd: atEnd }, byAlice)
      expect(data.cancelAtPeriodEnd).toBe(atEnd)
    }
    for (const quantity of [2, 1, 2, 3, 1]) {
      const { data } = await florin.subscriptions.update({ id, quantity }, { actor: service })
      expect([data.items[0]?.quantity, data.cancelAtPeriodEnd]).toEqual([quantity, false])
    }
  })

  const kept: readonly [string, (one: SandboxedFlorin, id: string) => Promise<{ data: Subscription }>][] = [
    ['resume', ({ florin }, id) => florin.subscriptions.resume({ id }, byAlice)],
    ['update', ({ florin }, id) => florin.subscriptions.update({ id, cancelAtPeriodEnd: false }, byAlice)],
  ]
  for (const [name, keep] of kept) {
    it(`${name} takes an end back that was scheduled at Stripe, told or not`, async () => {
      for (const seconds of [0, 120]) {
        const { inPortal, id, ...one } = await subscribed()
        await inPortal({ cancel_at: 'min_period_end' })
        if (seconds > 0) await one.advance(seconds)
        const { data } = await keep(one, id)
        expect(data).toMatchObject({ status: 'active', cancelAtPeriodEnd: false, cancelAt: null })
        expect(await afterAMonth(one, id)).toEqual(goesOn)
      }
    })
  }

  it('an end that is asked for, taken back and asked for again within one second', async () => {
    const { id, florin } = await subscribed()
    const cancel = async () => (await florin.subscriptions.cancel({ id, atPeriodEnd: true }, byAlice)).data
    await cancel()
    expect((await florin.subscriptions.resume({ id }, byAlice)).data.cancelAtPeriodEnd).toBe(false)
    expect((await cancel()).cancelAtPeriodEnd).toBe(true)
    for (const quantity of [2, 1]) {
      const { data } = await florin.subscriptions.update({ id, quantity, proration: 'none' }, { actor: service })
      expect(data.items[0]?.quantity).toBe(quantity)
    }
  })

  it('an end that became a date at Stripe meanwhile is taken back as such', async () => {
    const { inPortal, id, ...one } = await subscribed()
    await one.florin.subscriptions.cancel({ id, atPeriodEnd: true }, byAlice)
    await one.advance(60)
    await inPortal({ cancel_at_period_end: false })
    await inPortal({ cancel_at: 'min_period_end' })
    const { data } = await one.florin.subscriptions.resume({ id }, byAlice)
    expect(data).toMatchObject({ status: 'active', cancelAtPeriodEnd: false, cancelAt: null })
    expect(await afterAMonth(one, id)).toEqual(goesOn)
  })
})

describe('what comes later wins over what was left open before', () => {
  const cut = ({ sandbox }: SandboxedFlorin) =>
    sandbox.faults.inject({ kind: 'cut_before', path: '/v1/subscriptions/:id', times: 1 })

  it('a cancellation over a resume', async () => {
    const { inPortal: _, id, ...one } = await subscribed()
    await one.florin.subscriptions.cancel({ id, atPeriodEnd: true }, byAlice)
    cut(one)
    await expect(one.florin.subscriptions.resume({ id }, byAlice)).rejects.toMatchObject({ outcome: 'unknown' })
    const cancel = () => one.florin.subscriptions.cancel({ id, atPeriodEnd: true }, byAlice)
    await one.advance(45)
    await expect(cancel()).rejects.toMatchObject({ code: 'operation_in_progress' })
    await one.florin.maintenance.recover()
    await cancel()
    expect(await afterAMonth(one, id)).toEqual(ended)
  })

  it('a quantity over another', async () => {
    const { inPortal: _, id, ...one } = await subscribed()
    const set = (quantity: number) =>
      one.florin.subscriptions.update({ id, quantity, proration: 'none' }, { actor: service })
    cut(one)
    await expect(set(50)).rejects.toMatchObject({ outcome: 'unknown' })
    await one.advance(45)
    await expect(set(2)).rejects.toMatchObject({ code: 'operation_in_progress' })
    await one.florin.maintenance.recover()
    await set(2)
    await one.advance(120)
    await one.florin.maintenance.recover()
    expect((await one.florin.subscriptions.get(id, alice)).items[0]?.quantity).toBe(2)
  })
})
