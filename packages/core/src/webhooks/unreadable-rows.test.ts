import { signWebhook } from '@florin/stripe-sandbox'
import { describe, expect, it } from 'vitest'
import { damageEvent, damagePayment } from '../../test/damaged.ts'
import { opened } from '../../test/opened.ts'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import type { Actor } from '../actor.ts'
import { must } from '../errors.ts'
import { one } from '../ports/storage.ts'

const admin: Actor = { id: 'ann', roles: ['admin'] }
const none = { processed: 0, ignored: 0, failed: 0, duplicate: 0 }
const notApplied = { kind: 'unavailable', code: 'webhook_event_not_applied' }

/** A payment that was refunded in part, and the webhook that tells so; another process has not read either yet. */
async function refunded() {
  const first = sandboxedFlorin({ webhooks: false })
  const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa', description: 'hers' }
  const { data: payment } = await first.florin.payments.create(order, { actor: service })
  const path = 'https://api.stripe.com/v1/refunds'
  const form = new URLSearchParams({ payment_intent: payment.stripePaymentIntentId ?? '', amount: '300' })
  const headers = { Authorization: 'Bearer sk_test_florin' }
  await first.sandbox.fetch(path, { method: 'POST', headers, body: form })
  const event = first.sandbox.state.all('event').find((each) => 'type' in each && each.type === 'charge.refunded')
  const world = sandboxedFlorin({ webhooks: false, beside: first })
  const deliver = (change: object = {}) => {
    const body = JSON.stringify({ ...event, id: 'evt_1', ...change })
    return world.florin.webhooks.receive(body, signWebhook(body, ['whsec_florin_test'], Math.floor(Date.now() / 1000)))
  }
  const stored = async () => (await world.storage.load({ event: one('webhook_events', { id: 'evt_1' }) })).event
  const unreadable = () => world.happenings.filter(({ what }) => what === 'row_unreadable')
  return { ...world, payment, deliver, stored, unreadable }
}

describe('a webhook that meets a row which does not open', () => {
  it('is stored with the reason, and applied once the row is back', async () => {
    const { florin, storage, payment, deliver, stored, unreadable, advance } = await refunded()
    const mend = await damagePayment(storage, payment.id)
    await expect(deliver()).rejects.toMatchObject(notApplied)
    expect(await stored()).toMatchObject({
      ...{ status: 'failed', attempts: 1, userId: alice.id, dueAt: expect.any(String) },
      reason: expect.stringMatching(/^invariant_broken: /),
    })
    await advance(61)
    expect(await florin.maintenance.retryWebhooks()).toEqual({ ...none, failed: 1 })
    expect(unreadable()).toEqual([{ what: 'row_unreadable', table: 'transactions', id: payment.id }])
    await mend()
    await advance(121)
    expect(await florin.maintenance.retryWebhooks()).toEqual({ ...none, processed: 1 })
    expect(await florin.payments.get(payment.id, service)).toMatchObject({ amountRefunded: 300 })
    expect(await deliver()).toMatchObject({ outcome: 'duplicate' })
  })

  it('is stored once, however many of its deliveries come at once', async () => {
    const { storage, payment, deliver, stored } = await refunded()
    await damagePayment(storage, payment.id)
    await Promise.allSettled(Array.from({ length: 5 }, () => deliver()))
    expect(await stored()).toMatchObject({ status: 'failed', attempts: 5 })
  })

  it('stays processed where it was, also when it is replayed, with the reason', async () => {
    const { florin, storage, payment, deliver, stored } = await refunded()
    await deliver()
    await damagePayment(storage, payment.id)
    expect(await deliver()).toMatchObject({ outcome: 'duplicate' })
    const replayed = await florin.webhooks.replay('evt_1', { actor: admin })
    expect(replayed).toMatchObject({ status: 'processed', reason: expect.stringContaining('invariant_broken') })
    expect(await stored()).toMatchObject({ status: 'processed', dueAt: null, attempts: 2 })
  })

  it('is stored where a key does not open that something of it would have to be sealed under', async () => {
    const { storage, payment, deliver, stored } = await refunded()
    const { key } = await storage.load({ key: one('data_keys', { subject: `user:${alice.id}`, isCurrent: true }) })
    const row = { ...must(key, 'her key'), wrapped: 'altered' }
    await storage.commit({ id: 'commit_1', changes: [{ table: 'data_keys', row }] })
    // Of a payment that is not here yet, so that all rows open.
    const { row: known } = await storage.load({ row: one('transactions', { id: payment.id }) })
    const { customerId: customer } = must(known, 'the payment')
    const object = {
      object: 'payment_intent',
      id: 'pi_new',
      customer,
      status: 'succeeded',
      created: 1,
      description: 'x',
    }
    const type = 'payment_intent.succeeded'
    const data = { object: { ...object, amount: 500, currency: 'usd', capture_method: 'automatic', metadata: {} } }
    await expect(deliver({ type, data })).rejects.toMatchObject(notApplied)
    expect(await stored()).toMatchObject({ status: 'failed', reason: expect.stringMatching(/^invariant_broken/) })
  })
})

describe('a webhook event whose body does not open', () => {
  /** An event that failed, and does not open; another one that failed before it, and one after it. */
  async function unreadableEvent() {
    const world = await refunded()
    for (const id of ['evt_0', 'evt_1', 'evt_2']) {
      const object = { object: 'charge', id: 'ch_1', payment_intent: 'pi_1' }
      await expect(world.deliver({ id, data: { object } })).rejects.toMatchObject(notApplied)
      await world.advance(1)
    }
    await damageEvent(world.storage, 'evt_1')
    return world
  }

  it('keeps no other from being tried again, and is told of at the end', async () => {
    const { florin, unreadable } = await unreadableEvent()
    await expect(florin.maintenance.retryWebhooks({ all: true, limit: 2 })).rejects.toMatchObject({ kind: 'defect' })
    const { data } = await florin.webhooks.list({ status: 'failed' }, admin)
    expect(data.map(({ id, attempts }) => [id, attempts])).toEqual([
      ['evt_2', 2],
      ['evt_1', 1],
      ['evt_0', 2],
    ])
    expect(unreadable()).toEqual([{ what: 'row_unreadable', table: 'webhook_events', id: 'evt_1' }])
  })

  it('is listed and shown like any other', async () => {
    const { florin } = await unreadableEvent()
    const shown = { id: 'evt_1', status: 'failed', isReplayable: true }
    expect((await florin.webhooks.list({}, admin)).data).toHaveLength(3)
    expect((await florin.webhooks.list({ status: 'failed', type: 'charge.refunded' }, admin)).data[1]).toMatchObject(
      shown,
    )
    expect(await florin.webhooks.get('evt_1', admin)).toMatchObject(shown)
  })

  it('is stored anew by its next delivery', async () => {
    const { florin, storage, deliver, stored, advance } = await unreadableEvent()
    await expect(deliver()).rejects.toMatchObject(notApplied)
    expect(await stored()).toMatchObject({ status: 'failed', attempts: 2 })
    const { event } = await opened(storage).load({ event: one('webhook_events', { id: 'evt_1' }) })
    expect(event?.payload).toContain('charge.refunded')
    await advance(121)
    await florin.maintenance.retryWebhooks()
    expect(await stored()).toMatchObject({ status: 'processed', attempts: 3 })
  })
})
