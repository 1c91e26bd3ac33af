import { Stripe } from 'stripe'
import { expect, test } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { createFlorin, type Florin } from '../index.ts'
import { memoryStorage } from '../memory/index.ts'
import { nodeCipher } from '../node/index.ts'
import type { Retention } from '../ports/retention.ts'
import { many } from '../ports/storage.ts'
import type { TableName } from '../ports/tables.ts'
import { systemRuntime } from '../runtime.ts'

const DAY = 24 * 3600

/** A life whose webhooks are kept by the test, on a storage whose old rows can go. */
async function aLife() {
  const kept: string[] = []
  const rows = memoryStorage()
  const life = sandboxedFlorin({
    storage: () => rows,
    sandbox: {
      send: async (_, body) => {
        kept.push(body)
        return { status: 200 }
      },
    },
  })
  const florin = createFlorin({
    ...{ storage: rows, retention: rows.retention, gateway: life.gateway },
    cipher: nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32).fill(7) } }),
    runtime: { ...systemRuntime, now: () => life.sandbox.clock.now() * 1000 },
    settings: { idempotencyKeyMs: 35 * DAY * 1000 },
  })
  const told: string[] = []
  florin.on('*', ({ type, objectId }) => void told.push(`${type} ${objectId}`))
  const receive = async (bodies: readonly string[]) => {
    for (const payload of bodies) await florin.webhooks.receive(payload, signed(payload))
  }
  const signed = (payload: string) =>
    Stripe.webhooks.generateTestHeaderString({
      ...{ payload, secret: 'whsec_florin_test', timestamp: Math.floor(Date.now() / 1000) },
    })
  const count = async (table: TableName) => (await rows.load({ rows: many(table, {}) })).rows.length
  return { ...life, florin, rows, kept, told, receive, count }
}

async function dispatched(florin: Florin): Promise<void> {
  while ((await florin.maintenance.dispatch()).delivered > 0);
}

async function prunedAll(florin: Florin): Promise<void> {
  while ((await florin.maintenance.prune({ limit: 3 })).isMore);
}

test('an old webhook tells no fact again after everything old was pruned, and changes no row', async () => {
  const life = await aLife()
  const { florin, told, kept } = life
  const input = { userId: alice.id, amount: 1000, currency: 'USD' }
  const declined = await florin.payments.create(
    { ...input, paymentMethod: 'pm_card_chargeDeclined' },
    { actor: service },
  )
  await life.advance(2)
  const retried = { id: declined.data.id, paymentMethod: 'pm_card_visa' }
  await florin.payments.confirm(retried, { actor: service, idempotencyKey: 'retried' })
  await life.advance(2)
  await florin.refunds.create({ transactionId: declined.data.id, amount: 400 }, { actor: service })
  const monthly = { userId: alice.id, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
  const { data: subscription } = await florin.subscriptions.create(monthly, { actor: service })
  await life.advance(32 * DAY)
  await florin.subscriptions.cancel({ id: subscription.id }, { actor: service })
  await life.advance(2)
  await life.receive(kept)
  await dispatched(florin)
  const [before, webhooks] = [[...told], [...kept]]
  expect(new Set(before.map((fact) => fact.split(' ')[0]))).toEqual(
    new Set([
      ...['payment.failed', 'payment.succeeded', 'refund.succeeded', 'invoice.paid', 'payment_method.attached'],
      ...['subscription.created', 'subscription.updated', 'subscription.canceled'],
    ]),
  )

  await life.advance(100 * DAY)
  await prunedAll(florin)
  expect(await life.count('webhook_events')).toBe(0)
  expect(await life.count('operations')).toBe(0)
  expect(await life.count('leases')).toBe(0)

  const entities = async () =>
    (await life.rows.load({
      a: many('transactions', {}),
      b: many('subscriptions', {}),
      c: many('refunds', {}),
    })) as object
  const settled = await entities()
  // All of them, the declined attempt of a payment that succeeded since among them, in an order of their own.
  await life.receive(webhooks.toReversed())
  await dispatched(florin)
  expect(told).toEqual(before)
  expect(await entities()).toEqual(settled)
  const outbox = await life.rows.load({ rows: many('outbox', {}) })
  expect(outbox.rows.length).toBe(before.length)
  expect(outbox.rows.filter(({ data }) => data !== null)).toEqual([])
})

test('keeps what is open, waits or failed, whatever its age, and keys for the 35 days that are set', async () => {
  const life = await aLife()
  const { florin } = life
  const off = florin.on('payment.succeeded', () => {
    throw new Error('the shop is closed')
  })
  const input = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
  const paid = await florin.payments.create(input, { actor: service, idempotencyKey: 'order-1' })
  await florin.maintenance.dispatch()
  await life.advance(34 * DAY)
  await prunedAll(florin)
  const again = await florin.payments.create(input, { actor: service, idempotencyKey: 'order-1' })
  expect(again).toMatchObject({ replayed: true, data: { id: paid.data.id } })
  await life.advance(400 * DAY)
  await prunedAll(florin)
  off()
  life.told.length = 0
  await dispatched(florin)
  expect(life.told).toEqual([`payment.succeeded ${paid.data.id}`])
  expect(await life.count('operations')).toBe(0)
})

test('asks for what is older than the settings say, and tells whether there is more', async () => {
  const asked: Record<string, string> = {}
  const retention: Retention = {
    async rotate({ now, before }) {
      Object.assign(asked, { now, rotate: before })
      return { made: ['next_week'], dropped: [] }
    },
    async prune(what, { before, limit }) {
      asked[what] = before
      return what === 'payloads' ? limit : 0
    },
  }
  const { gateway } = sandboxedFlorin()
  const florin = createFlorin({
    ...{ storage: memoryStorage(), retention, gateway },
    cipher: nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32) } }),
    runtime: { ...systemRuntime, now: () => Date.UTC(2026, 10, 23) },
    settings: { payloadRetentionMs: 2 * DAY * 1000, webhookEventRetentionMs: 40 * DAY * 1000 },
  })
  expect(await florin.maintenance.prune({ limit: 7 })).toEqual({
    pruned: { operations: 0, payloads: 7, event_data: 0, leases: 0, webhook_events: 0 },
    ...{ made: ['next_week'], dropped: [], isMore: true },
  })
  expect(asked).toEqual({
    now: '2026-11-23T00:00:00.000Z',
    operations: '2026-10-19T00:00:00.000Z',
    payloads: '2026-11-21T00:00:00.000Z',
    event_data: '2026-10-19T00:00:00.000Z',
    leases: '2026-11-22T00:00:00.000Z',
    webhook_events: '2026-10-14T00:00:00.000Z',
    rotate: '2026-10-14T00:00:00.000Z',
  })
})

test('says that createFlorin was given no retention', async () => {
  const { florin } = sandboxedFlorin()
  await expect(florin.maintenance.prune()).rejects.toThrow('createFlorin was given no retention')
})

test('makes the parts of tables that are needed also where something cannot be pruned', async () => {
  const made: string[] = []
  const retention: Retention = {
    prune: () => Promise.reject(new Error('a statement was canceled')),
    async rotate({ now }) {
      made.push(now)
      return { made: [], dropped: [] }
    },
  }
  const { gateway } = sandboxedFlorin()
  const cipher = nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32).fill(7) } })
  const florin = createFlorin({ storage: memoryStorage(), retention, gateway, cipher })
  await expect(florin.maintenance.prune()).rejects.toThrow('canceled')
  expect(made).toHaveLength(1)
})
