import Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { authorized, endpointSecret, openRig, openSandbox, transports } from '../../test/rig.ts'

describe.each(transports)('webhooks, %s', (transport) => {
  const names = (events: readonly Stripe.Event[]) =>
    events.map((event) => ('name' in event.data.object ? String(event.data.object.name) : ''))

  test('an event says who asked, and is signed anew with the same body on each retry', async () => {
    const { sandbox, stripe, received, endpoint } = await openRig(transport)
    endpoint.status = 500
    const made = await stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'k' })
    await sandbox.webhooks.settled()
    expect(received).toMatchObject([
      {
        api_version: '2026-10-28.endive',
        type: 'customer.created',
        pending_webhooks: 1,
        request: { id: made.lastResponse.requestId, idempotency_key: 'k' },
      },
    ])
    await sandbox.clock.advance(59)
    expect(received).toHaveLength(1)
    await sandbox.clock.advance(1)
    expect(received).toHaveLength(2)
    endpoint.status = 204
    await sandbox.clock.advance(300)
    expect(received).toHaveLength(3)
    expect(received[2]).toEqual(received[0])
    await sandbox.clock.advance(86_400 * 4)
    expect(received).toHaveLength(3)
    expect(sandbox.webhooks.deliveries()).toMatchObject([
      { status: 'succeeded', attempts: [{ status: 500 }, { status: 500 }, { status: 204 }] },
    ])
    expect(await stripe.events.retrieve(received[0]?.id ?? '')).toMatchObject({ pending_webhooks: 0 })
  })

  test('gives up after three days, and says so in the list of events', async () => {
    const { sandbox, stripe, received, endpoint } = await openRig(transport)
    endpoint.status = 302
    await stripe.customers.create({ name: 'Ada' })
    await sandbox.clock.advance(86_400 * 5)
    expect(received).toHaveLength(11)
    expect(sandbox.webhooks.deliveries()).toMatchObject([{ status: 'failed' }])
    expect((await stripe.events.list({ delivery_success: false })).data).toMatchObject([{ type: 'customer.created' }])
    endpoint.status = 200
    await sandbox.webhooks.redeliver(received[0]?.id ?? '')
    expect((await stripe.events.list({ delivery_success: false })).data).toEqual([])
  })

  test('hold keeps everything back until flush', async () => {
    const { sandbox, stripe, received } = await openRig(transport, { webhookMode: { hold: true } })
    await stripe.customers.create({ name: 'Ada' })
    await stripe.customers.create({ name: 'Bob' })
    await sandbox.webhooks.settled()
    expect(received).toEqual([])
    expect(await sandbox.webhooks.flush()).toBe(2)
    expect(names(received)).toEqual(['Ada', 'Bob'])
  })

  test('duplicate, drop, reorder and delay follow the seed', async () => {
    const play = async (mode: object) => {
      const rig = await openRig(transport, { webhookMode: { hold: true } })
      for (const name of ['1', '2', '3', '4', '5', '6']) await rig.stripe.customers.create({ name })
      await rig.sandbox.webhooks.settled()
      rig.sandbox.webhooks.setMode({ hold: false, ...mode })
      return rig
    }
    const twice = await play({ duplicate: 1 })
    await twice.stripe.customers.create({ name: '7' })
    // Each duplicate may be duplicated again; calm mode ends it.
    await expect.poll(() => twice.received.length, { timeout: 5000 }).toBeGreaterThan(1)
    twice.sandbox.webhooks.setMode()
    await twice.sandbox.webhooks.settled()
    expect(new Set(twice.received.map(({ id }) => id)).size).toBe(1)

    const mixed = async () => {
      const rig = await openRig(transport, { webhookMode: { reorder: 4 } })
      await Promise.all(
        ['1', '2', '3', '4', '5', '6'].map((name) =>
          rig.sandbox
            .control('POST', '/webhooks/mode', { hold: true })
            .then(() => rig.stripe.customers.create({ name })),
        ),
      )
      await rig.sandbox.webhooks.settled()
      await rig.sandbox.webhooks.flush()
      return names(rig.received)
    }
    const order = await mixed()
    expect([...order].sort()).toEqual(['1', '2', '3', '4', '5', '6'])
    expect(order).not.toEqual(['1', '2', '3', '4', '5', '6'])

    const lost = await openRig(transport, { webhookMode: { drop: 1 } })
    await lost.stripe.customers.create({ name: 'Ada' })
    await lost.sandbox.clock.advance(86_400 * 4)
    expect(lost.received).toEqual([])
    expect(lost.sandbox.webhooks.deliveries()).toMatchObject([{ status: 'dropped' }])

    const late = await openRig(transport, { webhookMode: { delay: 1000 } })
    for (const name of ['1', '2', '3']) await late.stripe.customers.create({ name })
    await late.sandbox.webhooks.settled()
    expect(late.received.length).toBeLessThan(3)
    await late.sandbox.clock.advance(1000)
    expect(late.received).toHaveLength(3)
  })

  test('before_answer lets the webhook win against the answer', async () => {
    const order: string[] = []
    const { sandbox, stripe } = await openRig(transport, {
      webhookMode: { before_answer: true },
      send: async () => {
        await new Promise((resolve) => setTimeout(resolve, 10))
        order.push('webhook')
        return { status: 200 }
      },
    })
    await stripe.customers.create()
    order.push('answer')
    await sandbox.webhooks.settled()
    expect(order).toEqual(['webhook', 'answer'])
  })

  test('an endpoint that hangs has failed', async () => {
    const { sandbox, stripe } = await openRig(transport, {
      deliveryTimeout: 20,
      send: () => new Promise(() => undefined),
    })
    await stripe.customers.create()
    await sandbox.webhooks.settled()
    expect(sandbox.webhooks.deliveries()).toMatchObject([
      { status: 'waiting', attempts: [{ status: null, error: 'no answer within 20 ms' }] },
    ])
  })

  test('endpoints are made through the API, choose their events, and roll their secret', async () => {
    const seen: { body: string; signature: string }[] = []
    const { sandbox, stripe, raw } = await openRig(transport, {
      webhookEndpoints: [],
      send: async (_url, body, headers) => {
        seen.push({ body, signature: headers['stripe-signature'] ?? '' })
        return { status: 200 }
      },
    })
    const made = await stripe.webhookEndpoints.create({
      url: 'http://127.0.0.1:9/x',
      enabled_events: ['customer.updated'],
    })
    expect(made.secret).toMatch(/^whsec_\w{32}$/)
    expect(await stripe.webhookEndpoints.retrieve(made.id)).not.toHaveProperty('secret')
    const customer = await stripe.customers.create()
    await stripe.customers.update(customer.id, { name: 'Ada' })
    await sandbox.webhooks.settled()
    expect(seen).toHaveLength(1)
    const rolled: unknown = await sandbox.control('POST', `/webhook_endpoints/${made.id}/roll`, { keep_for: 3600 })
    await stripe.customers.update(customer.id, { name: 'Bob' })
    await sandbox.webhooks.settled()
    const second = seen[1] ?? { body: '', signature: '' }
    if (typeof rolled !== 'object' || rolled === null || !('secret' in rolled)) throw new Error('no secret')
    for (const secret of [made.secret ?? '', String(rolled.secret)]) {
      expect(stripe.webhooks.constructEvent(second.body, second.signature, secret).type).toBe('customer.updated')
    }
    await sandbox.clock.advance(3600)
    await stripe.customers.update(customer.id, { name: 'Cyd' })
    await sandbox.webhooks.settled()
    const third = seen[2] ?? { body: '', signature: '' }
    expect(() => stripe.webhooks.constructEvent(third.body, third.signature, made.secret ?? '')).toThrow(/signature/)
    await stripe.webhookEndpoints.update(made.id, { disabled: true })
    await stripe.customers.update(customer.id, { name: 'Dan' })
    await stripe.webhookEndpoints.del(made.id)
    await sandbox.webhooks.settled()
    expect(seen).toHaveLength(3)
    for (const body of ['url=ftp://x&enabled_events[]=*', 'url=http://x&enabled_events[]=no.such', 'url=http://x']) {
      expect((await raw('/v1/webhook_endpoints', { method: 'POST', headers: authorized, body })).status).toBe(400)
    }
  })

  test('two endpoints of different versions get two events', async () => {
    const { sandbox, stripe } = await openRig(transport, {
      webhookEndpoints: [
        { url: 'http://127.0.0.1:9/new', secret: endpointSecret },
        { url: 'http://127.0.0.1:9/old', secret: endpointSecret, api_version: '2024-06-20' },
      ],
    })
    await stripe.customers.create()
    await sandbox.webhooks.settled()
    expect((await stripe.events.list()).data.map((event) => event.api_version).sort()).toEqual([
      '2024-06-20',
      '2026-10-28.endive',
    ])
  })

  test('events are listed by type and time, for thirty days', async () => {
    const { sandbox, stripe } = await openRig(transport)
    const customer = await stripe.customers.create()
    await stripe.customers.update(customer.id, { name: 'Ada' })
    expect((await stripe.events.list({ types: ['customer.created', 'customer.deleted'] })).data).toHaveLength(1)
    expect((await stripe.events.list({ type: 'customer.*' })).data.map(({ type }) => type)).toEqual([
      'customer.updated',
      'customer.created',
    ])
    await sandbox.clock.advance(30 * 86_400)
    expect((await stripe.events.list()).data).toEqual([])
  })
})

test('a foreign address is never called', async () => {
  const sandbox = openSandbox({ webhookEndpoints: [{ url: 'https://example.com/hooks' }] })
  const stripe = new Stripe('sk_test_x', { httpClient: Stripe.createFetchHttpClient(sandbox.fetch), telemetry: false })
  await stripe.customers.create()
  await sandbox.webhooks.settled()
  expect(sandbox.webhooks.deliveries()).toMatchObject([
    { attempts: [{ status: null, error: expect.stringContaining('this machine only') }] },
  ])
})
