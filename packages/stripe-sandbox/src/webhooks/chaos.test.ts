import Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { endpointSecret, openRig, payWith, transports } from '../../test/rig.ts'
import type { SandboxOptions } from '../index.ts'
import type { WebhookMode } from './webhook-mode.ts'

describe.each(transports)('webhooks that misbehave, %s', (transport) => {
  const open = async (options: SandboxOptions = {}) => {
    const rig = await openRig(transport, options)
    const control = async (path: string, body: object = {}) => {
      const answer = await rig.raw(`/_sandbox${path}`, { method: 'POST', body: JSON.stringify(body) })
      expect(answer.status).toBe(200)
      return answer.json()
    }
    const mode = (change: Partial<WebhookMode>) => control('/webhooks/mode', change)
    const names = () => rig.received.map(({ data }) => ('name' in data.object ? String(data.object.name) : ''))
    /** Six customers whose events wait together. */
    const burst = async () => {
      await mode({ hold: true })
      for (const name of ['1', '2', '3', '4', '5', '6']) await rig.stripe.customers.create({ name })
      await rig.sandbox.webhooks.settled()
    }
    return { ...rig, control, mode, names, burst }
  }
  const inOrder = ['1', '2', '3', '4', '5', '6']

  test('duplicate: the same event comes twice, and pending_webhooks counts it once', async () => {
    const { stripe, sandbox, mode, received } = await open()
    await mode({ duplicate: 1 })
    await stripe.customers.create()
    await sandbox.webhooks.settled()
    expect(received).toHaveLength(2)
    expect(received[1]).toEqual(received[0])
    expect(await stripe.events.retrieve(received[0]?.id ?? '')).toMatchObject({ pending_webhooks: 0 })
    await mode({})
    await stripe.customers.create()
    await sandbox.webhooks.settled()
    expect(received).toHaveLength(3)
  })

  test('reorder: all arrive once, in an order that depends on the seed alone', async () => {
    const play = async (seed: string) => {
      const { burst, mode, control, names } = await open({ seed })
      await burst()
      await mode({ hold: false, reorder: 4 })
      await control('/webhooks/flush')
      return names()
    }
    const order = await play('a')
    expect([...order].sort()).toEqual(inOrder)
    expect(order).not.toEqual(inOrder)
    expect(await play('a')).toEqual(order)
    expect(await play('b')).not.toEqual(order)
  })

  test('delay: nothing comes before its time, all has come when the longest time is over', async () => {
    const { stripe, sandbox, mode, received, names } = await open()
    const start = sandbox.clock.now()
    await mode({ delay: 1000 })
    for (const name of inOrder) await stripe.customers.create({ name })
    await sandbox.webhooks.settled()
    expect(received).toHaveLength(0)
    await sandbox.clock.advance(500)
    const early = received.length
    expect(early).toBeGreaterThan(0)
    expect(early).toBeLessThan(6)
    await sandbox.clock.advance(500)
    expect(names().sort()).toEqual(inOrder)
    for (const { attempts } of sandbox.webhooks.deliveries()) expect(attempts[0]?.at).toBeGreaterThan(start)
  })

  test('delay: a flush does not wait for the clock', async () => {
    const { stripe, sandbox, mode, control, received } = await open()
    await mode({ delay: 1000 })
    await stripe.customers.create()
    await sandbox.webhooks.settled()
    expect(await control('/webhooks/flush')).toEqual({ delivered: 1 })
    await sandbox.clock.advance(1000)
    expect(received).toHaveLength(1)
  })

  test('drop: an event that never comes can be listed, and sent by hand', async () => {
    const { stripe, sandbox, mode, control, received } = await open()
    await mode({ drop: 1 })
    await stripe.customers.create({ name: 'Ada' })
    await sandbox.clock.advance(4 * 86_400)
    expect(received).toEqual([])
    const [lost] = (await stripe.events.list({ type: 'customer.created', delivery_success: false })).data
    await control(`/webhooks/${lost?.id}/redeliver`)
    expect(received).toMatchObject([{ id: lost?.id, data: { object: { name: 'Ada' } } }])
  })

  test('hold and flush: what comes after the flush is held again', async () => {
    const { stripe, burst, control, names } = await open()
    await burst()
    expect(names()).toEqual([])
    expect(await control('/webhooks/flush')).toEqual({ delivered: 6 })
    expect(names()).toEqual(inOrder)
    await stripe.customers.create({ name: '7' })
    await control('/webhooks/settle')
    expect(names()).toEqual(inOrder)
    expect(await control('/webhooks/flush')).toEqual({ delivered: 1 })
  })

  test('a burst within one second: the time says nothing about the order, and a stale event may come last', async () => {
    const { stripe, sandbox, mode, control, received } = await open({ seed: 'burst' })
    await mode({ hold: true, reorder: 8 })
    const paid = await payWith(stripe)
    await stripe.refunds.create({ payment_intent: paid.id, amount: 500 })
    await stripe.refunds.create({ payment_intent: paid.id, amount: 1500 })
    await sandbox.webhooks.settled()
    await control('/webhooks/flush')
    expect(new Set(received.map(({ created }) => created)).size).toBe(1)
    const refunded = received.flatMap(({ type, data: { object } }) =>
      type === 'charge.refunded' && object.object === 'charge' ? [object.amount_refunded] : [],
    )
    expect(refunded).toEqual([2000, 500])
    const listed = (await stripe.events.list({ type: 'charge.refunded' })).data
    expect(listed.map(({ data }) => data.object)).toMatchObject([{ amount_refunded: 2000 }, { amount_refunded: 500 }])
  })

  test('while a secret is rolled, both sign; afterwards only the new one', async () => {
    const sent: { body: string; signature: string }[] = []
    const { stripe, sandbox, control } = await open({
      send: async (_url, body, headers) => {
        sent.push({ body, signature: headers['stripe-signature'] ?? '' })
        return { status: 200 }
      },
    })
    const verify = (index: number, secret: string) => {
      const { body, signature } = sent[index] ?? { body: '', signature: '' }
      return stripe.webhooks.constructEvent(body, signature, secret).type
    }
    const [endpoint] = (await stripe.webhookEndpoints.list()).data
    const { secret } = await control(`/webhook_endpoints/${endpoint?.id}/roll`, { keep_for: 3600 })
    expect(secret).toMatch(/^whsec_\w{32}$/)
    await stripe.customers.create()
    await sandbox.webhooks.settled()
    expect(sent[0]?.signature.match(/v1=/g)).toHaveLength(2)
    expect(verify(0, endpointSecret)).toBe('customer.created')
    expect(verify(0, secret)).toBe('customer.created')
    await sandbox.clock.advance(3600)
    await stripe.customers.create()
    await sandbox.webhooks.settled()
    expect(verify(1, secret)).toBe('customer.created')
    expect(() => verify(1, endpointSecret)).toThrow(Stripe.errors.StripeSignatureVerificationError)
  })

  test('before_answer: even a slow endpoint has the webhook before the caller has the answer', async () => {
    const order: string[] = []
    const { stripe, sandbox, mode } = await open({
      send: async () => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        order.push('webhook')
        return { status: 200 }
      },
    })
    const create = async () => {
      await stripe.customers.create()
      order.push('answer')
      await sandbox.webhooks.settled()
    }
    await mode({ before_answer: true })
    await create()
    await mode({})
    await create()
    expect(order).toEqual(['webhook', 'answer', 'answer', 'webhook'])
  })

  test('concurrency: so many are under way at once, and no more', async () => {
    let running = 0
    let most = 0
    const { burst, mode, control } = await open({
      send: async () => {
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => setTimeout(resolve, 20))
        running -= 1
        return { status: 200 }
      },
    })
    await burst()
    await mode({ hold: false, concurrency: 3 })
    expect(await control('/webhooks/flush')).toEqual({ delivered: 6 })
    expect(most).toBe(3)
  })

  test('all at once: what was delivered is told by its id, and nothing is lost but what was dropped', async () => {
    const { stripe, sandbox, mode, received } = await open({ seed: 'storm' })
    await mode({ duplicate: 0.5, reorder: 4, delay: 300, drop: 0.2, concurrency: 1 })
    for (let count = 0; count < 20; count += 1) await stripe.customers.create()
    await sandbox.clock.advance(300)
    const deliveries = sandbox.webhooks.deliveries()
    const dropped = deliveries.filter(({ status }) => status === 'dropped')
    expect(dropped.length).toBeGreaterThan(0)
    expect(new Set(received.map(({ id }) => id)).size).toBe(20 - dropped.length)
    expect(received.length).toBeGreaterThan(20 - dropped.length)
  })
})
