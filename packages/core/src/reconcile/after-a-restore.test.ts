import { expect, it } from 'vitest'
import { altered, liveFully, rowsIn, unhurried } from '../../test/reconciling-florin.ts'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { differences } from '../../test/truth.ts'

it('what Florin made since the backup has the ids again that the shop was given, also in what is told again', async () => {
  const world = sandboxedFlorin()
  const order = { userId: alice.id, amount: 700, currency: 'USD', paymentMethod: 'pm_card_visa' }
  await world.florin.payments.create(order, { actor: service })
  const backup = await altered(world.storage, (_, row) => row)
  await liveFully(world, { days: [2] })

  const { maintenance } = unhurried(world, { storage: backup }).florin
  await maintenance.reconcile()
  await maintenance.refresh({ limit: 1000 })
  await maintenance.repairDrift(await maintenance.findDrift({ mode: 'full' }))
  expect(await differences({ sandbox: world.sandbox, storage: backup })).toEqual([])
  const kinds = { transactions: 'payment_intent', refunds: 'refund', subscriptions: 'subscription' } as const
  for (const table of ['transactions', 'refunds', 'subscriptions'] as const) {
    const objects = world.sandbox.state.all(kinds[table])
    const made = new Set(objects.map((object) => Object(Reflect.get(object, 'metadata')).florin_id))
    const given = (await rowsIn(world.storage, table)).filter(({ id }) => made.has(id))
    expect(given.length).toBeGreaterThan(2)
    const after = await rowsIn(backup, table)
    for (const { id, gatewayId } of given) expect(after).toContainEqual(expect.objectContaining({ id, gatewayId }))
    // Events show more changes on the way than what was read meanwhile.
    const told = async (storage: typeof backup) =>
      (await rowsIn(storage, 'outbox'))
        .filter(({ type, objectId }) => type !== 'subscription.updated' && made.has(objectId))
        .map(({ type, objectId, discriminator }) => `${type} ${objectId} ${discriminator}`)
        .sort()
    expect(await told(backup)).toEqual(await told(world.storage))
  }
})
