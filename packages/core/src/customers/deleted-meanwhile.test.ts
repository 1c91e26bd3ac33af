import { describe, expect, it } from 'vitest'
import { openOperations } from '../../test/mortal.ts'
import { dashboardOf } from '../../test/reconciling-florin.ts'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { many } from '../ports/storage.ts'

/** A Florin whose user's customer is deleted at Stripe while a card is being attached; its webhook comes before the answer. */
async function deletedWhileAttaching(): Promise<SandboxedFlorin> {
  let isDeleted = false
  const world = sandboxedFlorin({
    gateway: (inner) => ({
      ...inner,
      async send(call, key) {
        const answer = await inner.send(call, key)
        const { customers } = await world.storage.load({ customers: many('customers', { isPrimary: true }) })
        if (call.call === 'payment_method.attach' && !isDeleted) {
          isDeleted = true
          for (const { id } of customers) await dashboardOf(world).customers.del(id)
          await world.sandbox.webhooks.settled()
        }
        return answer
      },
    }),
  })
  return world
}

const visa = { userId: alice.id, paymentMethod: 'pm_card_visa' }

// Both were a defect once, which left the operation open for good (found by a random life).
describe('a customer that is deleted while a card is attached to it', () => {
  it.each([false, true])('refuses the card, to be the default: %s', async (setDefault) => {
    const world = await deletedWhileAttaching()
    await expect(world.florin.paymentMethods.attach({ ...visa, setDefault }, { actor: service })).rejects.toMatchObject(
      {
        kind: 'refused',
        code: 'payment_method_unusable',
      },
    )
    expect(await openOperations(world)).toEqual([])
  })

  it('ends the subscription that the card was for, and makes it for the next customer', async () => {
    const world = await deletedWhileAttaching()
    const plan = { ...visa, priceId: 'price_1234567890' }
    const { data } = await world.florin.subscriptions.create(plan, { actor: service })
    expect(data).toMatchObject({ status: 'active' })
    expect(await openOperations(world)).toEqual([])
    const { rows } = await world.storage.load({ rows: many('subscriptions', {}) })
    expect(rows.map(({ status, gatewayId }) => [status, gatewayId])).toEqual([
      ['canceled', null],
      ['active', data.stripeSubscriptionId],
    ])
  })
})

// It kept the refresher from reading anything, for good (found by a random life).
it('a subscription that is still being made when its customer is deleted has nothing to be read', async () => {
  const world = sandboxedFlorin()
  const { florin, sandbox, storage } = world
  await florin.payments.create({ ...visa, amount: 1000, currency: 'USD' }, { actor: service })
  sandbox.faults.inject({ kind: 'cut_before', times: 2, path: '/v1/subscriptions' })
  const plan = { userId: alice.id, priceId: 'price_1234567890' }
  await expect(florin.subscriptions.create(plan, { actor: service })).rejects.toMatchObject({
    code: 'gateway_outcome_unknown',
  })
  sandbox.faults.clear()
  const { customers } = await storage.load({ customers: many('customers', {}) })
  await dashboardOf(world).customers.del(customers[0]?.id ?? '')
  await sandbox.webhooks.settled()
  await florin.maintenance.refresh()
  const { rows } = await storage.load({ rows: many('subscriptions', {}) })
  expect(rows).toMatchObject([{ status: 'pending', gatewayId: null, dueAt: null }])
})
