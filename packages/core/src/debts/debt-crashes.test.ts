import { expect, it } from 'vitest'
import { card, debtWorld, order } from '../../test/debt-world.ts'
import { recover } from '../../test/mortal.ts'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { isFlorinError } from '../errors.ts'
import type { PaymentGateway } from '../ports/gateway.ts'
import type { Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'

/** What the process dies of. Not an error of Florin's, so nothing may catch it and go on. */
const CRASH = new Error('the process was killed')

const settings = { autoRefundDuplicates: true }

/** A process that dies before or after its n-th call of storage or Stripe. */
function mortal(at: number) {
  const life = { points: 0, dead: false }
  const point = () => {
    life.points += 1
    life.dead ||= life.points === at
    if (life.dead) throw CRASH
  }
  const around = async <T>(call: () => Promise<T>): Promise<T> => {
    point()
    const result = await call()
    point()
    return result
  }
  const storage = (inner: Storage<StoredTables>): Storage<StoredTables> => ({
    load: (query) => around(() => inner.load(query)),
    commit: (commit) => around(() => inner.commit(commit)),
  })
  const gateway = (inner: PaymentGateway): PaymentGateway => ({
    ...inner,
    send: (call, key) => around(() => inner.send(call, key)),
    read: (ref) => around(() => inner.read(ref)),
  })
  return { life, storage, gateway }
}

/** Lets a process die at every point of what it does, each time in a world of its own. */
async function atEveryPoint(
  prepare: () => Promise<ReturnType<typeof debtWorld>>,
  act: (florin: ReturnType<typeof debtWorld>['florin']) => Promise<unknown>,
  check: (world: ReturnType<typeof debtWorld>, at: number) => Promise<void>,
): Promise<number> {
  for (let at = 1; ; at += 1) {
    const world = await prepare()
    const { life, storage, gateway } = mortal(at)
    const dying = sandboxedFlorin({ beside: world, storage, gateway, settings })
    const ended = await act(dying.florin).catch((error: unknown) => error)
    if (!life.dead) return at - 1
    expect(ended).toBe(CRASH)
    await check(world, at)
  }
}

it('refunds a duplicate once, wherever the process dies that does it', async () => {
  const points = await atEveryPoint(
    async () => {
      const world = debtWorld()
      const { complete } = await world.openCheckout()
      await world.pay()
      await complete()
      await world.letIn()
      return world
    },
    (florin) => florin.maintenance.refundDuplicates(),
    async (world, at) => {
      for (let round = 0; round < 3; round += 1) {
        await world.sandbox.clock.advance(61)
        await world.florin.maintenance.refundDuplicates()
        await world.florin.maintenance.recover()
      }
      const told = await world.told('payment.duplicate_refunded')
      expect([world.net(), world.sandbox.state.all('refund').length, told], `dying at ${at}`).toEqual([1000, 1, 1])
    },
  )
  console.info(`refund a duplicate: ${points} points`)
  expect(points).toBeGreaterThan(12)
})

it.each([{ later: 61 }, { later: 25 * 3600 }])(
  'neither loses a claim nor keeps it for nothing when the process dies, $later s later',
  async ({ later }) => {
    const points = await atEveryPoint(
      async () => {
        const world = debtWorld()
        // So that the user has a customer.
        await world.openCheckout({ reference: undefined })
        return world
      },
      (florin) => florin.payments.create({ ...order, paymentMethod: card }, { actor: service }),
      async (world, at) => {
        await recover(world, later)
        // The host lost its answer and its key, and tries again.
        const again = await world.pay().catch((error: unknown) => (isFlorinError(error) ? error.code : error))
        if (typeof again === 'string') expect(again).toBe('reference_already_claimed')
        expect(world.net(), `dying at ${at}`).toBe(1000)
        const paid = (await world.florin.payments.list({ userId: alice.id }, alice)).data
        expect(paid.filter(({ status }) => status === 'succeeded')).toHaveLength(1)
      },
    )
    console.info(`pay under a reference, ${later} s: ${points} points`)
    expect(points).toBeGreaterThan(7)
  },
)
