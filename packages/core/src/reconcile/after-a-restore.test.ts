import { expect, it } from 'vitest'
import { altered, liveFully, rowsIn, unhurried } from '../../test/reconciling-florin.ts'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { differences } from '../../test/truth.ts'
import type { Florin } from '../index.ts'

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

it('what Florin made since has its claim again while it can still be paid, so nobody pays the same debt beside it', async () => {
  const world = sandboxedFlorin()
  const order = (reference: string, paymentMethod: string) => ({
    ...{ userId: alice.id, amount: 700, currency: 'USD', returnUrl: 'https://shop.example/back' },
    ...{ reference, paymentMethod },
  })
  const pay = (florin: Florin, reference: string, paymentMethod: string) =>
    florin.payments.create(order(reference, paymentMethod), { actor: service, idempotencyKey: reference })
  await pay(world.florin, 'order-1', 'pm_card_visa')
  const backup = await altered(world.storage, (_, row) => row)
  const { data: asked } = await pay(world.florin, 'order-2', 'pm_card_threeDSecure2Required')
  const { data: declined } = await pay(world.florin, 'order-3', 'pm_card_chargeDeclined')
  const { data: over } = await pay(world.florin, 'order-4', 'pm_card_threeDSecure2Required')
  await world.florin.payments.cancel({ id: over.id }, { actor: service })

  const { florin } = unhurried(world, { storage: backup })
  await florin.maintenance.reconcile()
  for (const { id, reference } of [asked, declined]) {
    const refused = { code: 'reference_already_claimed', details: { objectId: id } }
    await expect(pay(florin, reference ?? '', 'pm_card_visa')).rejects.toMatchObject(refused)
  }
  await florin.payments.cancel({ id: asked.id }, { actor: service })
  for (const reference of ['order-2', 'order-4']) {
    expect(await pay(florin, reference, 'pm_card_visa')).toMatchObject({
      data: { status: 'succeeded', duplicateOf: null },
    })
  }
})
