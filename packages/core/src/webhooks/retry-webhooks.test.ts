import { signWebhook } from '@florin/stripe-sandbox'
import { describe, expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import type { Actor } from '../actor.ts'
import { UnavailableError } from '../errors.ts'
import type { PaymentGateway } from '../ports/gateway.ts'
import { many, one } from '../ports/storage.ts'
import { aWebhookEventRow } from '../testing/rows.ts'
import { timestamp } from '../time.ts'

const secret = 'whsec_florin_test'
const admin: Actor = { id: 'ann', roles: ['admin'] }
const none = { processed: 0, ignored: 0, failed: 0, duplicate: 0 }

/** A release that cannot read what webhooks tell, until the next one is deployed. */
async function withFailedEvents(count: number) {
  const release: { canRead: boolean; breaksAt?: string | undefined; isAwayFor: string[]; asked: string[] } = {
    ...{ canRead: false, isAwayFor: [], asked: [] },
  }
  const gateway = (inner: PaymentGateway): PaymentGateway => {
    const asRead = (event: ReturnType<PaymentGateway['events']['read']>) => {
      release.asked.push(event.id)
      if (release.isAwayFor.includes(event.id)) {
        throw new UnavailableError('gateway_unavailable', 'no answer', 'not_applied')
      }
      if (event.id === release.breaksAt) throw new TypeError('broken')
      return release.canRead ? event : { ...event, observations: [], unreadable: 'a field of another shape' }
    }
    const verify = async (body: string, signature: string | undefined) =>
      asRead(await inner.events.verify(body, signature))
    return { ...inner, events: { ...inner.events, verify, read: (body) => asRead(inner.events.read(body)) } }
  }
  const world = sandboxedFlorin({ webhooks: false, gateway })
  const input = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
  await world.florin.payments.create(input, { actor: service })
  const event = world.sandbox.state
    .all('event')
    .find((each) => 'type' in each && each.type === 'payment_intent.succeeded')
  for (let index = 0; index < count; index += 1) {
    const body = JSON.stringify({ ...event, id: `evt_${index}` })
    const signature = signWebhook(body, [secret], Math.floor(Date.now() / 1000))
    await expect(world.florin.webhooks.receive(body, signature)).rejects.toMatchObject({
      ...{ kind: 'unavailable', code: 'webhook_event_not_applied' },
    })
  }
  return { ...world, release }
}

describe('events that could not be applied', () => {
  it('wait for their time, and longer after each try', async () => {
    const { florin, advance, release } = await withFailedEvents(1)
    expect(await florin.maintenance.retryWebhooks()).toEqual(none)
    await advance(61)
    expect(await florin.maintenance.retryWebhooks()).toEqual({ ...none, failed: 1 })
    release.canRead = true
    await advance(61)
    expect(await florin.maintenance.retryWebhooks()).toEqual(none)
    await advance(60)
    expect(await florin.maintenance.retryWebhooks()).toEqual({ ...none, processed: 1 })
    expect(await florin.maintenance.retryWebhooks({ all: true })).toEqual(none)
  })

  it('without a body, of an erased user, are let go and hold up no other', async () => {
    const { florin, storage, advance, release } = await withFailedEvents(1)
    const row = { ...aWebhookEventRow(), status: 'failed', payload: null, dueAt: timestamp(0) } as const
    await storage.commit({ id: 'commit_1', changes: [{ table: 'webhook_events', row }] })
    release.canRead = true
    await advance(61)
    expect(await florin.maintenance.retryWebhooks()).toEqual({ ...none, ignored: 1, processed: 1 })
    const { stored } = await storage.load({ stored: one('webhook_events', { id: row.id }) })
    expect(stored).toMatchObject({ status: 'ignored', dueAt: null, reason: expect.stringMatching(/no longer kept/) })
  })

  it('and break whatever reads them do not keep the others from their turn', async () => {
    const { florin, storage, advance, release } = await withFailedEvents(2)
    const { failed } = await storage.load({ failed: many('webhook_events', { status: 'failed' }) })
    release.canRead = true
    release.breaksAt = failed[0]?.id
    await advance(61)
    await expect(florin.maintenance.retryWebhooks()).rejects.toThrow('broken')
    expect(await florin.webhooks.list({ status: 'processed' }, admin)).toMatchObject({ data: [{ attempts: 2 }] })
    // It waits for five minutes, and is nobody's first.
    expect(await florin.maintenance.retryWebhooks()).toEqual(none)
  })

  it('and for which Stripe does not answer keep no other from its turn, unless it answers for none', async () => {
    const { florin, advance, release } = await withFailedEvents(6)
    release.canRead = true
    release.isAwayFor = ['evt_0', 'evt_3']
    await advance(61)
    await expect(florin.maintenance.retryWebhooks()).rejects.toMatchObject({ code: 'gateway_unavailable' })
    expect((await florin.webhooks.list({ status: 'processed' }, admin)).data).toHaveLength(4)

    const away = await withFailedEvents(6)
    away.release.canRead = true
    away.release.isAwayFor = [0, 1, 2, 3, 4, 5].map((index) => `evt_${index}`)
    await away.advance(61)
    away.release.asked = []
    await expect(away.florin.maintenance.retryWebhooks()).rejects.toMatchObject({ code: 'gateway_unavailable' })
    expect(away.release.asked).toHaveLength(3)
  })

  it('are all tried at once after a deploy, whatever their time', async () => {
    const { florin, release } = await withFailedEvents(5)
    expect(await florin.maintenance.retryWebhooks({ all: true, limit: 2 })).toEqual({ ...none, failed: 5 })
    release.canRead = true
    expect(await florin.maintenance.retryWebhooks({ all: true, limit: 2 })).toEqual({ ...none, processed: 5 })
    expect(await florin.maintenance.retryWebhooks({ all: true })).toEqual(none)
  })
})
