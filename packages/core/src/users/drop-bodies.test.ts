import { signWebhook } from '@florin/stripe-sandbox'
import { describe, expect, it } from 'vitest'
import { damageEvent } from '../../test/damaged.ts'
import { opened } from '../../test/opened.ts'
import { dashboardOf } from '../../test/reconciling-florin.ts'
import { alice, bob, type SandboxedFlorin, sandboxedFlorin } from '../../test/sandboxed-florin.ts'
import { system } from '../index.ts'
import { many, one, write } from '../ports/storage.ts'
import { aCustomerRow, aPaymentRow, aWebhookEventRow } from '../testing/rows.ts'

const secret = 'Mrs Alice Liddell'

const hers = /Liddell|alice@/
const his = /Bob’s/

/** The events whose bodies are kept and hold a word, as another process opens them. */
async function kept({ storage }: SandboxedFlorin, word: RegExp) {
  const { events } = await opened(storage).load({ events: many('webhook_events', {}) })
  return events.flatMap(({ id, type, payload }) => (payload !== null && word.test(payload) ? [`${type} ${id}`] : []))
}

/** Pays at Stripe, as another program does that names the user. */
async function payElsewhere(world: SandboxedFlorin, userId: string, text: string, customer?: string) {
  const metadata = { florin_user: userId, florin_installation: 'florin' }
  const paid = await dashboardOf(world).paymentIntents.create({
    ...{ amount: 700, currency: 'usd', payment_method: 'pm_card_visa', confirm: true, metadata, description: text },
    ...{ receipt_email: `${userId.slice(5)}@wonderland.example`, return_url: 'https://shop.example/' },
    ...(customer !== undefined && { customer }),
  })
  await world.advance(1)
  return paid
}

async function eraseFully({ florin, advance }: SandboxedFlorin) {
  await florin.users.erase({ userId: alice.id }, { actor: system })
  await advance(120)
  expect(await florin.maintenance.erase()).toEqual({ erased: 1, left: [] })
}

describe('the bodies of an erased user', () => {
  it.each([
    {
      whose: 'a customer that nobody linked to her',
      of: async (world: SandboxedFlorin) => dashboardOf(world).customers.create(),
    },
    { whose: 'a guest', of: async () => undefined },
  ])('are not kept of payments of $whose, whether they came before or after', async ({ of }) => {
    const world = sandboxedFlorin()
    const customer = (await of(world))?.id
    const paid = await payElsewhere(world, alice.id, secret, customer)
    expect((await kept(world, hers)).length).toBeGreaterThan(2)
    await eraseFully(world)
    expect(await kept(world, hers)).toEqual([])

    await dashboardOf(world).refunds.create({ payment_intent: paid.id, amount: 50 })
    await payElsewhere(world, alice.id, secret, customer)
    expect(await kept(world, hers)).toEqual([])
  })

  it('are not kept where only the payment tells whose they are', async () => {
    const world = sandboxedFlorin()
    const { id: customer } = await dashboardOf(world).customers.create()
    const { id, latest_charge: charge } = await payElsewhere(world, alice.id, secret, customer)
    await eraseFully(world)
    for (const type of ['charge.updated', 'charge.refunded']) {
      const object = { id: charge, object: 'charge', payment_intent: id, customer, description: secret }
      const refunded = { amount: 700, amount_refunded: 0, amount_captured: 700, currency: 'usd', created: 1 }
      const data = { object: { ...object, ...refunded } }
      const body = JSON.stringify({ id: `evt_${type}`, object: 'event', type, livemode: false, created: 1, data })
      await world.florin.webhooks.receive(body, signWebhook(body, ['whsec_florin_test'], Math.floor(Date.now() / 1000)))
      const { stored } = await world.storage.load({ stored: one('webhook_events', { id: `evt_${type}` }) })
      expect(stored).toMatchObject({ userId: alice.id, payload: null })
    }
  })

  it('leave those of another user with the same customer alone', async () => {
    const world = sandboxedFlorin()
    const { id: customer } = await dashboardOf(world).customers.create()
    await payElsewhere(world, bob.id, 'Bob’s', customer)
    const before = await kept(world, his)
    await payElsewhere(world, alice.id, secret, customer)
    await eraseFully(world)
    expect(before.length).toBeGreaterThan(2)
    expect(await kept(world, his)).toEqual(before)
    expect(await kept(world, hers)).toEqual([])
  })

  it('are dropped of no customer that is linked to another user', async () => {
    const world = sandboxedFlorin()
    await payElsewhere(world, alice.id, secret)
    const ownerId = 'cus_bob'
    const event = aWebhookEventRow({ ownerId, payload: 'his' })
    const changes = [
      write('webhook_events', event),
      write('customers', aCustomerRow({ id: ownerId, userId: bob.id })),
      write('transactions', aPaymentRow({ customerId: ownerId, userId: alice.id })),
    ]
    await opened(world.storage).commit({ id: 'commit_1', changes })
    await eraseFully(world)
    expect(await kept(world, /^his$/)).toHaveLength(1)
  })

  it('are dropped also where one does not open', async () => {
    const world = sandboxedFlorin()
    await payElsewhere(world, alice.id, secret)
    const { events } = await world.storage.load({ events: many('webhook_events', {}) })
    await damageEvent(world.storage, events[0]?.id ?? '')
    await eraseFully(world)
    expect(await kept(world, /./)).toEqual([])
  })
})
