import { expect, it } from 'vitest'
import { mortal } from '../../test/mortal.ts'
import { testCipher } from '../../test/opened.ts'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { createFlorin, type Florin, system } from '../index.ts'
import { many } from '../ports/storage.ts'
import { systemRuntime } from '../runtime.ts'

const by = { actor: service }
const erasing = { userId: alice.id, cancelSubscriptions: true }

async function life(): Promise<SandboxedFlorin> {
  const world = sandboxedFlorin()
  const order = {
    userId: alice.id,
    amount: 1000,
    currency: 'USD',
    paymentMethod: 'pm_card_visa',
    description: 'secret',
  }
  await world.florin.payments.create(order, by)
  await world.florin.paymentMethods.attach({ userId: alice.id, paymentMethod: 'pm_card_visa', setDefault: true }, by)
  await world.florin.subscriptions.create({ userId: alice.id, priceId: 'price_1234567890' }, by)
  await world.advance(1)
  return world
}

/** A process over the world that dies before or after one of its calls. */
function dying({ storage, gateway, sandbox }: SandboxedFlorin, at: number) {
  const death = mortal(at)
  const florin = createFlorin({
    ...{ storage: death.storage(storage), gateway: death.gateway(gateway), cipher: testCipher },
    runtime: { ...systemRuntime, now: () => sandbox.clock.now() * 1000 },
  })
  return { florin, life: death.life }
}

const sums = async ({ storage }: SandboxedFlorin) => {
  const { payments, invoices } = await storage.load({
    payments: many('transactions', { userId: alice.id }),
    invoices: many('invoices', { userId: alice.id }),
  })
  return [
    payments.map(({ gatewayId, amount, amountCaptured, status }) => [gatewayId, amount, amountCaptured, status]),
    invoices.map(({ gatewayId, amountPaid, status }) => [gatewayId, amountPaid, status]),
  ]
}

/** Erases in two goes, as a person and the server's loop do. Whatever is thrown ends it. */
async function eraseInTwoGoes(florin: Florin, { advance }: SandboxedFlorin) {
  await florin.users.erase(erasing, { actor: system })
  await advance(120)
  await florin.maintenance.erase()
}

it('is finished by another process wherever one dies, with every sum as it was', { timeout: 120_000 }, async () => {
  let at = 1
  for (; ; at += 1) {
    const world = await life()
    const before = await sums(world)
    const process = dying(world, at)
    await eraseInTwoGoes(process.florin, world).catch(() => undefined)
    if (!process.life.dead) break
    const where = `dying at ${at}`

    // Longer than whatever the dead one held.
    await world.advance(61)
    await world.florin.maintenance.recover()
    await world.florin.users.erase(erasing, { actor: system })
    await world.advance(181)
    await world.florin.maintenance.erase()
    const done = await world.florin.users.erase(erasing, { actor: system })
    expect(done, where).toMatchObject({ status: 'erased', nextAttemptAt: null })

    expect(await sums(world), where).toEqual(before)
    const { events, open, audits } = await world.storage.load({
      events: many('webhook_events', {}),
      open: many('operations', { status: 'open' }),
      audits: many('audit_log', { objectId: alice.id }),
    })
    expect([open, events.filter(({ payload }) => payload !== null)], where).toEqual([[], []])
    const told = audits.filter(({ action }) => action === 'user.erase').map(({ outcome }) => outcome)
    expect(told, where).toEqual(['intended', 'succeeded'])
    // What waited for a handler waits still, without a word of hers.
    let heard = ''
    world.florin.on('*', (event) => {
      heard += JSON.stringify(event)
    })
    expect(await world.florin.maintenance.dispatch({ limit: 100 }), where).toMatchObject({ failed: 0, dead: 0 })
    expect([heard.includes('payment.succeeded'), heard.includes('secret')], where).toEqual([true, false])
    const { destroyed, broken } = await world.florin.keys.verify({ full: true })
    expect([destroyed, broken], where).toEqual([1, []])
    expect(
      world.sandbox.state.all('customer').filter((one) => !('deleted' in one)),
      where,
    ).toEqual([])
  }
  console.log(`an erasure died at ${at - 1} points; each was finished`)
  expect(at).toBeGreaterThan(40)
})
