import { describe, expect, it } from 'vitest'
import { keptWebhooks } from '../../test/kept-webhooks.ts'
import { replicaOf } from '../../test/replica.ts'
import { alice, service } from '../../test/sandboxed-florin.ts'
import type { DomainEvent } from '../index.ts'
import { many } from '../ports/storage.ts'

const ten = { userId: alice.id, amount: 1000, currency: 'USD' }
const DAY = 24 * 3600

/** A life with one fact of many kinds, whose webhooks are kept by the test, to be delivered as it likes. */
async function aLife() {
  const one = keptWebhooks()
  const { florin, sandbox, advance } = one
  const actor = service
  const declined = await florin.payments.create({ ...ten, paymentMethod: 'pm_card_chargeDeclined' }, { actor })
  await advance(2)
  await florin.payments.confirm({ id: declined.data.id, paymentMethod: 'pm_card_visa' }, { actor })
  const secure = { paymentMethod: 'pm_card_threeDSecure2Required', returnUrl: 'https://shop.example/done' }
  const asked = await florin.payments.create({ ...ten, ...secure }, { actor })
  await advance(2)
  const intent = asked.data.stripePaymentIntentId ?? ''
  await sandbox.control('POST', `/payment_intents/${intent}/authenticate`, { outcome: 'succeed' })
  const open = await florin.payments.create(ten, { actor })
  await florin.payments.cancel({ id: open.data.id }, { actor })
  await advance(2)
  await florin.refunds.create({ transactionId: declined.data.id, amount: 400 }, { actor })
  await florin.payments.create({ ...ten, paymentMethod: 'pm_card_createDispute' }, { actor })
  const monthly = { userId: alice.id, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
  const subscription = await florin.subscriptions.create(monthly, { actor })
  await advance(32 * DAY)
  await florin.subscriptions.cancel({ id: subscription.data.id }, { actor })
  await advance(2)
  return one
}

/** Shuffles by a rule, so that every run is the same. */
const shuffled = <T>(items: readonly T[], seed: number): T[] =>
  items
    .map((item, index) => ({ item, place: Math.sin(seed + index * 7919) }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item)

describe('every transition', () => {
  it.each([1, 2, 3, 4, 5])(
    'is one logical event by its id, with webhooks 5 times, at once and disordered (%i)',
    async (seed) => {
      const life = await aLife()
      const { florin, kept, storage } = life
      const facts = new Set<string>()
      const heard: DomainEvent[] = []
      const replicas = [florin, replicaOf(life)]
      for (const replica of replicas) {
        replica.on('*', (event) => {
          heard.push(event)
          // Half of all deliveries fail after the handler has done its work, as a process would that dies then.
          if (heard.length % 2 === 0) throw new Error('done, and then failed')
        })
      }
      const deliveries = shuffled([...kept, ...kept, ...kept, ...kept, ...kept], seed)
      const receive = ({ body, signature }: (typeof kept)[number], index: number) =>
        (replicas[index % 2] ?? florin).webhooks.receive(body, signature)
      await Promise.all(deliveries.map(receive))
      for (;;) {
        const waiting = await storage.load({ rows: many('outbox', { status: 'pending' }) })
        if (waiting.rows.length === 0) break
        await Promise.all(replicas.map((replica) => replica.maintenance.dispatch()))
        await life.advance(2)
      }

      const byId = new Map(heard.map((event) => [event.id, event]))
      const { rows } = await storage.load({ rows: many('outbox', {}) })
      for (const row of rows) facts.add([row.objectId, row.type, row.discriminator].join(' '))
      expect(byId.size).toBe(rows.length)
      expect(facts.size).toBe(rows.length)
      expect(heard.length).toBeGreaterThan(rows.length)
      for (const { id, type, data, objectId } of heard) {
        expect(data.object).toBe(type.split('.')[0])
        expect([data.id, byId.get(id)?.type]).toEqual([objectId, type])
      }

      const count: Record<string, number> = {}
      for (const { type } of byId.values()) count[type] = (count[type] ?? 0) + 1
      expect(count).toMatchObject({
        'payment.failed': 1,
        'payment.canceled': 1,
        'payment.requires_action': 1,
        'refund.succeeded': 1,
        'dispute.opened': 1,
        'subscription.created': 1,
        'subscription.canceled': 1,
        'invoice.paid': 2,
      })
      const paid = [...byId.values()].filter(({ type }) => type === 'payment.succeeded').map(({ objectId }) => objectId)
      expect([paid.length, new Set(paid).size]).toEqual([5, 5])
    },
  )
})

it('arrears that renewals went on with are told once, also where the end is heard of first', async () => {
  const { florin, sandbox, advance, kept, storage } = keptWebhooks()
  await sandbox.control('POST', '/billing/settings', { retry_days: [90] })
  const monthly = { userId: alice.id, priceId: 'price_1234567890', trialDays: 1 }
  const plan = { ...monthly, paymentMethod: 'pm_card_chargeCustomerFail' }
  const { data } = await florin.subscriptions.create(plan, { actor: service })
  await advance(70 * DAY)
  await florin.subscriptions.cancel({ id: data.id }, { actor: service })
  await advance(2)
  for (const { body, signature } of kept.toReversed()) await florin.webhooks.receive(body, signature)
  const { rows } = await storage.load({ rows: many('outbox', { objectId: data.id }) })
  expect(rows.filter(({ type }) => type === 'subscription.past_due')).toHaveLength(1)
})
