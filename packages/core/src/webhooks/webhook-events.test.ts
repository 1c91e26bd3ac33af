import { signWebhook } from '@florin/stripe-sandbox'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { type Actor, system, type WebhookEvent } from '../index.ts'
import { many, one } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { aStoredRow, commit, put } from '../testing/stored-rows.ts'

const admin: Actor = { id: 'ann', roles: ['admin'] }
const sign = (body: string) => signWebhook(body, ['whsec_florin_test'], Math.floor(Date.now() / 1000))

/** A payment that went through, and the event that Stripe told it by, which was not delivered yet. */
async function world() {
  const one = sandboxedFlorin({ webhooks: false })
  const input = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
  const { data: payment } = await one.florin.payments.create(input, { actor: service })
  const event = one.sandbox.state
    .all('event')
    .find((each) => 'type' in each && each.type === 'payment_intent.succeeded')
  const deliver = async (change: object = {}) => {
    const body = JSON.stringify({ ...event, id: 'evt_1', ...change })
    return one.florin.webhooks.receive(body, sign(body)).catch(() => ({ outcome: 'failed' }))
  }
  return { ...one, payment, event, deliver }
}

const unreadable = { data: { object: { object: 'payment_intent', id: 'pi_1' } } }

describe('a webhook event', () => {
  it('is shown with what became of it, and without its body', async () => {
    const { florin, deliver, payment } = await world()
    await deliver()
    const event = await florin.webhooks.get('evt_1', admin)
    expect(event).toStrictEqual({
      id: 'evt_1',
      object: 'webhook_event',
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      type: 'payment_intent.succeeded',
      apiVersion: expect.any(String),
      livemode: false,
      occurredAt: expect.any(String),
      stripeObjectId: payment.stripePaymentIntentId,
      status: 'processed',
      reason: null,
      attempts: 1,
      nextAttemptAt: null,
      isReplayable: true,
    } satisfies WebhookEvent)
  })

  it('is listed and replayed by admins alone', async () => {
    const { florin, deliver } = await world()
    await deliver()
    for (const actor of [alice, service, { id: 'sue', roles: ['support'] } satisfies Actor]) {
      const forbidden = { kind: 'refused', code: 'forbidden' }
      await expect(florin.webhooks.list({}, actor)).rejects.toMatchObject(forbidden)
      await expect(florin.webhooks.get('evt_1', actor)).rejects.toMatchObject(forbidden)
      await expect(florin.webhooks.replay('evt_1', { actor })).rejects.toMatchObject(forbidden)
    }
  })

  it('that is not there is not found', async () => {
    const { florin } = await world()
    const missing = { kind: 'invalid', code: 'webhook_event_not_found' }
    await expect(florin.webhooks.get('evt_9', admin)).rejects.toMatchObject(missing)
    await expect(florin.webhooks.replay('evt_9', { actor: admin })).rejects.toMatchObject(missing)
    await expect(florin.webhooks.get('tx_1', admin)).rejects.toMatchObject({ code: 'input_invalid' })
  })
})

describe('the list of webhook events', () => {
  /** Events of every status, one a second, in two types. */
  async function filled() {
    const { florin, storage } = await world()
    const statuses = ['processed', 'ignored', 'failed', 'processed', 'received'] as const
    const rows = Array.from({ length: 50 }, (_, at) =>
      aStoredRow('webhook_events', {
        id: `evt_${String(at).padStart(2, '0')}`,
        // Two in each second, so that the id decides.
        createdAt: new Date(Date.UTC(2026, 10, 1) + Math.floor(at / 2) * 1000).toISOString(),
        status: statuses[at % statuses.length] ?? 'processed',
        type: at % 2 ? 'invoice.paid' : 'charge.refunded',
        payload: null,
      }),
    )
    await commit(storage, ...rows.map((row) => put('webhook_events', row)))
    const list = async (filter: Parameters<typeof florin.webhooks.list>[0]) => {
      const found: string[] = []
      let cursor: string | undefined
      do {
        const page = await florin.webhooks.list({ ...filter, limit: 7, ...(cursor && { cursor }) }, admin)
        expect(page.data.length).toBeLessThanOrEqual(7)
        found.push(...page.data.map(({ id }) => id))
        cursor = page.nextCursor ?? undefined
      } while (cursor)
      return found
    }
    const newestFirst = rows.map(({ id, status, type }) => ({ id, status, type })).reverse()
    return { list, newestFirst, florin }
  }

  it('pages through all of them, newest first, each once', async () => {
    const { list, newestFirst } = await filled()
    expect(await list({})).toStrictEqual(newestFirst.map(({ id }) => id))
  })

  it.each(['received', 'processed', 'ignored', 'failed'] as const)('pages through the %s ones', async (status) => {
    const { list, newestFirst } = await filled()
    const wanted = newestFirst.filter((row) => row.status === status)
    expect(wanted.length).toBeGreaterThan(7)
    expect(await list({ status })).toStrictEqual(wanted.map(({ id }) => id))
  })

  it('pages through those of a type that failed', async () => {
    const { list, newestFirst } = await filled()
    const wanted = newestFirst.filter(({ status, type }) => status === 'failed' && type === 'invoice.paid')
    expect(await list({ status: 'failed', type: 'invoice.paid' })).toStrictEqual(wanted.map(({ id }) => id))
  })

  it.each([{ type: 'invoice.paid' }, { type: 'invoice.paid', status: 'processed' } as const])(
    'refuses %o, which has no index',
    async (filter) => {
      const { florin } = await filled()
      const refused = { code: 'input_invalid', details: { fields: [{ field: 'type' }] } }
      await expect(florin.webhooks.list(filter, admin)).rejects.toMatchObject(refused)
    },
  )
})

describe('replaying a webhook event', () => {
  it('that was processed changes no row but its own, and tells nothing again', async () => {
    const { florin, deliver, counts, storage, happenings } = await world()
    await deliver()
    const everything = {
      payments: many('transactions', { userId: alice.id }),
      told: many('outbox', { status: 'pending' }),
    }
    const before = await storage.load(everything)
    counts.reset()
    happenings.length = 0
    const replayed = await florin.webhooks.replay('evt_1', { actor: admin, requestId: 'request_1' })
    expect(replayed).toMatchObject({ status: 'processed', reason: null, attempts: 2 })
    expect(counts).toMatchObject({ loads: 2, commits: 1, calls: 0 })
    expect(await storage.load(everything)).toStrictEqual(before)
    expect(happenings).toEqual([])
    const { audited } = await storage.load({ audited: many('audit_log', { objectId: 'evt_1' }) })
    expect(audited).toMatchObject([
      {
        ...{ action: 'webhook.replay', actorId: 'ann', actorRoles: ['admin'], requestId: 'request_1' },
        ...{ outcome: 'processed', detail: { type: 'payment_intent.succeeded', before: 'processed' } },
      },
    ])
  })

  /** The key of another database's rows, as new to this one. */
  const again = (key: StoredTables['data_keys']) => put('data_keys', { ...key, version: 0 })

  /** A database that has the event's row and nothing else: its rows and what it told are gone. */
  async function forgetful(status: 'processed' | 'failed') {
    const { deliver, payment, storage } = await world()
    await deliver()
    const { stored, keys } = await storage.load({
      stored: one('webhook_events', { id: 'evt_1' }),
      keys: many('data_keys', {}),
    })
    if (!stored) throw new Error('the event was not stored')
    const other = sandboxedFlorin({ webhooks: false })
    await commit(other.storage, put('webhook_events', { ...stored, version: 0, status }), ...keys.map(again))
    const look = () =>
      other.storage.load({
        row: one('transactions', { gatewayId: payment.stripePaymentIntentId ?? '' }),
        told: many('outbox', { status: 'pending' }),
      })
    return { ...other, look }
  }

  it('that was processed brings a lost row back, and tells nothing again', async () => {
    const { florin, look, happenings } = await forgetful('processed')
    expect(await florin.webhooks.replay('evt_1', { actor: admin })).toMatchObject({ status: 'processed' })
    expect(await look()).toMatchObject({ row: { status: 'succeeded', amountCaptured: 1000 }, told: [] })
    expect(happenings).toEqual([])
  })

  it('that failed is processed once it can be, and tells what it proves', async () => {
    const { florin, look, happenings } = await forgetful('failed')
    const event = await florin.webhooks.replay('evt_1', { actor: admin })
    expect(event).toMatchObject({ status: 'processed', reason: null, nextAttemptAt: null })
    expect(await look()).toMatchObject({ row: { status: 'succeeded' }, told: [{ type: 'payment.succeeded' }] })
    expect(happenings).toMatchObject([{ what: 'fact', type: 'payment.succeeded' }])
  })

  it('that failed keeps its new error, and waits for its next try', async () => {
    const { florin, deliver, storage } = await world()
    expect(await deliver(unreadable)).toMatchObject({ outcome: 'failed' })
    const event = await florin.webhooks.replay('evt_1', { actor: admin })
    expect(event).toMatchObject({ status: 'failed', attempts: 2, reason: expect.stringContaining('amount') })
    expect(Date.parse(event.nextAttemptAt ?? '')).toBeGreaterThan(Date.parse(event.updatedAt))
    const { audited } = await storage.load({ audited: many('audit_log', { objectId: 'evt_1' }) })
    expect(audited).toMatchObject([{ outcome: 'failed', detail: { before: 'failed' } }])
  })

  it('that was ignored is processed where it concerns us by now', async () => {
    const { storage, deliver } = await world()
    await deliver({ livemode: true })
    const { stored, keys } = await storage.load({
      stored: one('webhook_events', { id: 'evt_1' }),
      keys: many('data_keys', {}),
    })
    if (!stored) throw new Error('the event was not stored')
    expect(stored).toMatchObject({ status: 'ignored' })
    const live = sandboxedFlorin({ webhooks: false, settings: { livemode: true } })
    await commit(live.storage, put('webhook_events', { ...stored, version: 0 }), ...keys.map(again))
    const event = await live.florin.webhooks.replay('evt_1', { actor: system })
    expect(event).toMatchObject({ status: 'processed', reason: null })
    expect(live.happenings).toMatchObject([{ what: 'fact', type: 'payment.succeeded' }])
  })

  it('that was processed stays so where it cannot be applied any more, with the reason', async () => {
    const { florin, deliver, storage } = await world()
    await deliver(unreadable)
    const { row } = await storage.load({ row: one('webhook_events', { id: 'evt_1' }) })
    if (!row) throw new Error('the event was not stored')
    await commit(storage, put('webhook_events', { ...row, status: 'processed', reason: null, dueAt: null }))
    const event = await florin.webhooks.replay('evt_1', { actor: admin })
    expect(event).toMatchObject({ status: 'processed', nextAttemptAt: null, reason: expect.stringContaining('amount') })
  })

  it('whose body is no longer kept is refused', async () => {
    const { florin, deliver, storage } = await world()
    await deliver()
    const { row } = await storage.load({ row: one('webhook_events', { id: 'evt_1' }) })
    if (!row) throw new Error('the event was not stored')
    await commit(storage, put('webhook_events', { ...row, payload: null }))
    expect(await florin.webhooks.get('evt_1', admin)).toMatchObject({ isReplayable: false })
    const refused = { kind: 'refused', code: 'webhook_event_not_replayable' }
    await expect(florin.webhooks.replay('evt_1', { actor: admin })).rejects.toMatchObject(refused)
  })

  it('ten times at once changes nothing but how often it was tried', async () => {
    const { florin, deliver, storage } = await world()
    await deliver()
    await Promise.all(Array.from({ length: 10 }, () => florin.webhooks.replay('evt_1', { actor: admin })))
    expect(await florin.webhooks.get('evt_1', admin)).toMatchObject({ status: 'processed', attempts: 11 })
    const { audited } = await storage.load({ audited: many('audit_log', { objectId: 'evt_1' }) })
    expect(z.array(z.object({ outcome: z.literal('processed') })).parse(audited)).toHaveLength(10)
  })
})
