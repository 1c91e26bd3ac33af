import { expect, it } from 'vitest'
import { damagePayment } from '../../test/damaged.ts'
import { altered, dashboardOf, rowsIn, unhurried } from '../../test/reconciling-florin.ts'
import { alice, bob, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { UnavailableError } from '../errors.ts'
import type { Difference } from './drift.ts'

const defect = { kind: 'defect', code: 'invariant_broken' }

/** Three payments that Stripe refunded since, each in part; hers, which is between his, does not open. */
async function refunded() {
  const world = sandboxedFlorin({ webhooks: false })
  const pay = async (userId: string) => {
    const order = { userId, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa', description: 'private' }
    const { data } = await world.florin.payments.create(order, { actor: service })
    await world.advance(1000)
    return { id: data.id, gatewayId: data.stripePaymentIntentId ?? '' }
  }
  const [before, hers, after] = [await pay(bob.id), await pay(alice.id), await pay(bob.id)]
  for (const { gatewayId } of [before, hers, after]) {
    await dashboardOf(world).refunds.create({ payment_intent: gatewayId, amount: 300 })
    await world.advance(1000)
  }
  const mend = await damagePayment(world.storage, hers.id)
  return { world, hers, his: [before, after], mend, other: unhurried(world, { storage: world.storage }) }
}

type Options = Parameters<ReturnType<typeof unhurried>['florin']['maintenance']['findDrift']>[0]

/** The objects that drift was told of before it broke. */
async function driftOf({ florin }: ReturnType<typeof unhurried>, mode: Options['mode']) {
  const told: string[] = []
  const onDifference = ({ gatewayId }: Difference) => void told.push(gatewayId)
  await expect(florin.maintenance.findDrift({ mode, onDifference })).rejects.toMatchObject(defect)
  return told
}

it('reconcile applies what concerns other rows, stores the rest as failed, and goes on from there', async () => {
  const { world, hers, his, mend, other } = await refunded()
  const { florin, happenings, storage } = other
  const done = await florin.maintenance.reconcile()
  expect(done.failed).toBeGreaterThan(0)
  for (const { id } of his) expect(await florin.payments.get(id, service)).toMatchObject({ amountRefunded: 300 })
  expect(happenings.filter(({ what }) => what === 'row_unreadable')).toHaveLength(1)
  await world.advance(1000)
  expect(await florin.maintenance.reconcile()).toMatchObject({ failed: 0, processed: 0 })
  const failed = (await rowsIn(storage, 'webhook_events')).filter(({ status }) => status === 'failed')
  expect(failed).toHaveLength(done.failed)
  await mend()
  expect(await florin.maintenance.retryWebhooks({ all: true })).toMatchObject({ processed: done.failed, failed: 0 })
  expect(await florin.payments.get(hers.id, service)).toMatchObject({ amountRefunded: 300 })
})

it('an import brings in all others, tells of it at the end, and comes to its end once the row is back', async () => {
  const { mend, other } = await refunded()
  await expect(other.florin.maintenance.importAccount()).rejects.toMatchObject(defect)
  expect(await rowsIn(other.storage, 'refunds')).toHaveLength(2)
  await mend()
  await expect(other.florin.maintenance.importAccount()).resolves.toMatchObject({ refund: { read: 3 } })
  expect(await rowsIn(other.storage, 'refunds')).toHaveLength(3)
})

it('an import that is broken off after that meets it again', async () => {
  const { world, other } = await refunded()
  const broken = unhurried(world, {
    storage: world.storage,
    gateway: (inner) => ({
      ...inner,
      async list(query) {
        if (query.object !== 'dispute') return inner.list(query)
        throw new UnavailableError('gateway_unavailable', 'it went away', 'not_applied')
      },
    }),
  })
  await expect(broken.florin.maintenance.importAccount()).rejects.toMatchObject({ code: 'gateway_unavailable' })
  await expect(other.florin.maintenance.importAccount()).rejects.toMatchObject(defect)
})

it.each(['full', 'changed'] as const)('drift is found of all others, in mode %s', async (mode) => {
  const { hers, his, mend, other } = await refunded()
  expect(await driftOf(other, mode)).toEqual(expect.arrayContaining(his.map(({ gatewayId }) => gatewayId)))
  await mend()
  const { differences } = await other.florin.maintenance.findDrift({ mode })
  expect(differences.map(({ gatewayId }) => gatewayId)).toContain(hers.gatewayId)
})

it('all others are repaired', async () => {
  const { hers, his, other } = await refunded()
  const { florin } = other
  const differences: Difference[] = []
  const onDifference = (difference: Difference) => void differences.push(difference)
  await expect(florin.maintenance.findDrift({ mode: 'full', onDifference })).rejects.toMatchObject(defect)
  const first = { ...differences[0], object: 'payment', gatewayId: hers.gatewayId } as Difference
  await expect(florin.maintenance.repairDrift({ differences: [first, ...differences] })).rejects.toMatchObject(defect)
  for (const { id } of his) expect(await florin.payments.get(id, service)).toMatchObject({ amountRefunded: 300 })
})

it('drift of what changed looks again at what did not open, where all else is right', async () => {
  const { world, hers, mend, other } = await refunded()
  await other.florin.maintenance.reconcile()
  await other.florin.maintenance.refresh({ limit: 100 }).catch(() => undefined)
  expect(await driftOf(other, 'changed')).toEqual([])
  await world.advance(1000)
  await mend()
  const { differences } = await other.florin.maintenance.findDrift({ mode: 'changed' })
  expect(differences.map(({ gatewayId }) => gatewayId)).toContain(hers.gatewayId)
})

it('drift compares what no list showed, also beside a row that does not open', async () => {
  const { his, world } = await refunded()
  const strange = (gatewayId: string | null) => gatewayId?.replace('pi_', 'pi_gone_')
  const storage = await altered(world.storage, (table, row) =>
    table === 'transactions' && 'chargeId' in row ? { ...row, gatewayId: strange(row.gatewayId) } : row,
  )
  const told = await driftOf(unhurried(world, { storage }), 'full')
  expect(told).toEqual(expect.arrayContaining(his.map(({ gatewayId }) => strange(gatewayId))))
})
