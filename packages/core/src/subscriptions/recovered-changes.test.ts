import { describe, expect, it } from 'vitest'
import { pausedSubscription } from '../../test/paused-subscription.ts'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import type { UpdateSubscription } from './update-subscription.ts'

const caller = { actor: service, idempotencyKey: 'once' }
const WINDOW = 10 * 60 + 1
const LANDING = 90

/** The answer is lost, and recovery comes when nothing is sent any more: it looks at the subscription, twice if need be. */
async function recovered(one: SandboxedFlorin, path: string, act: () => Promise<unknown>) {
  one.sandbox.faults.inject({ kind: 'cut', path, times: 1 })
  await expect(act()).rejects.toMatchObject({ outcome: 'unknown' })
  await one.advance(WINDOW)
  await one.florin.maintenance.recover()
  await one.advance(LANDING)
  await one.florin.maintenance.recover()
}

async function updated(change: Omit<UpdateSubscription, 'id'>) {
  const one = sandboxedFlorin({ webhooks: false })
  const plan = { userId: alice.id, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
  const { data } = await one.florin.subscriptions.create(
    { ...plan, metadata: { seat: 'a', shop: 'north' } },
    { actor: service },
  )
  const update = () => one.florin.subscriptions.update({ id: data.id, ...change }, caller)
  return { one, update }
}

describe('a change of a subscription that was carried out, and whose answer was lost for long', () => {
  it('is known as done by what was asked for, whatever else its metadata hold', async () => {
    const { one, update } = await updated({ quantity: 5, metadata: { seat: 'b' } })
    await recovered(one, '/v1/subscriptions/:id', update)
    const { data, replayed } = await update()
    expect([data.items[0]?.quantity, data.metadata, replayed]).toEqual([5, { seat: 'b', shop: 'north' }, true])
  })

  it('is known as done where a paused one waits for the customer', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const id = await pausedSubscription(one, { card: 'pm_card_chargeCustomerFail' })
    const resume = () => one.florin.subscriptions.resume({ id }, { ...caller, actor: alice })
    await recovered(one, '/v1/subscriptions/:id/resume', resume)
    expect((await resume()).data).toMatchObject({ status: 'paused', clientSecret: expect.stringMatching(/^pi_/) })
  })
})

it('a decline that does not tell what it changed is answered with the subscription as it is', async () => {
  const one = sandboxedFlorin({
    webhooks: false,
    gateway: (inner) => ({
      ...inner,
      async send(call, options) {
        const answer = await inner.send(call, options)
        if (call.call !== 'subscription.resume') return answer
        const decline = { code: 'card_declined', declineCode: null, message: null }
        return { outcome: 'declined', decline, objectId: null, observations: [], replayed: false }
      },
    }),
  })
  const id = await pausedSubscription(one, { card: 'pm_card_chargeCustomerFail' })
  const { data } = await one.florin.subscriptions.resume({ id }, { ...caller, actor: alice })
  expect(data).toMatchObject({ status: 'paused', clientSecret: expect.stringMatching(/^pi_/) })
})

describe('a change of a subscription that never reached Stripe', () => {
  it.each([{ seat: 'b' }, { floor: '1' }, { shop: 'north', floor: '1' }])(
    'is not taken as done with metadata %o',
    async (metadata) => {
      const { one, update } = await updated({ metadata })
      one.sandbox.faults.inject({ kind: 'cut_before', path: '/v1/subscriptions/:id', times: 1 })
      await expect(update()).rejects.toMatchObject({ outcome: 'unknown' })
      await one.advance(WINDOW)
      await one.florin.maintenance.recover()
      await one.advance(LANDING)
      await one.florin.maintenance.recover()
      await expect(update()).rejects.toMatchObject({ details: { gatewayCode: 'never_reached_gateway' } })
    },
  )
})
