import Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { authorized, openRig, openSandbox, payWith, transports } from '../../test/rig.ts'

describe.each(transports)('the control API, %s', (transport) => {
  const open = async () => {
    const rig = await openRig(transport)
    const control = async (method: string, path: string, body?: object) => {
      const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
      const answer = await rig.raw(`/_sandbox${path}`, init)
      return { status: answer.status, json: await answer.json() }
    }
    return { ...rig, control }
  }

  test('moves the clock by seconds or to a moment, never back', async () => {
    const { control, sandbox } = await open()
    const { now } = (await control('GET', '/clock')).json
    expect((await control('POST', '/clock', { advance: 60 })).json).toEqual({ now: now + 60 })
    expect((await control('POST', '/clock', { to: now + 100 })).json).toEqual({ now: now + 100 })
    expect((await control('POST', '/clock', { to: 5 })).status).toBe(400)
    expect((await control('POST', '/clock', {})).status).toBe(400)
    expect(sandbox.clock.now()).toBe(now + 100)
    expect(sandbox.clock.nowMs()).toBe((now + 100) * 1000)
  })

  test('injects and clears faults', async () => {
    const { control, stripe } = await open()
    expect((await control('POST', '/faults', { kind: 'fail_before', status: 503, times: 2 })).json).toMatchObject({
      remaining: 2,
    })
    await expect(stripe.customers.list()).rejects.toMatchObject({ statusCode: 503 })
    expect((await control('GET', '/faults')).json).toMatchObject({ data: [{ remaining: 1 }] })
    await control('DELETE', '/faults')
    expect((await stripe.customers.list()).data).toEqual([])
    expect((await control('POST', '/faults', { kind: 'nonsense' })).json).toMatchObject({ error: { param: 'kind' } })
    expect((await control('POST', '/faults', { kind: 'cut', tomes: 2 })).json).toMatchObject({
      error: { code: 'parameter_unknown' },
    })
  })

  test('shows requests and webhooks, and steers their delivery', async () => {
    const { control, stripe, received } = await open()
    expect((await control('POST', '/webhooks/mode', { hold: true })).json).toMatchObject({ hold: true, duplicate: 0 })
    await stripe.customers.create({ name: 'Ada' })
    expect((await control('GET', '/requests')).json).toMatchObject({
      data: [{ method: 'POST', path: '/v1/customers', params: { name: 'Ada' }, status: 200, fault: null }],
    })
    await control('POST', '/webhooks/settle')
    expect((await control('GET', '/webhooks')).json).toMatchObject({ mode: { hold: true }, data: [{ status: 'held' }] })
    expect((await control('POST', '/webhooks/flush')).json).toEqual({ delivered: 1 })
    expect(received).toHaveLength(1)
    expect((await control('POST', `/webhooks/${received[0]?.id}/redeliver`)).status).toBe(200)
    expect(received).toHaveLength(2)
    expect((await control('POST', '/webhooks/evt_none/redeliver')).status).toBe(400)
    expect((await control('POST', '/webhooks/mode')).json).toMatchObject({ hold: false })
    await control('DELETE', '/requests')
    expect((await control('GET', '/requests')).json).toEqual({ data: [] })
  })

  test('refuses what it does not know, says where all is described, and points to no page of Stripe', async () => {
    const { control, raw } = await open()
    for (const path of ['', '/', '/nothing']) {
      const { status, json } = await control('GET', path)
      expect({ status, json }).toMatchObject({ status: 404, json: { error: { type: 'invalid_request_error' } } })
      expect(json.error.message).toMatch(/^no control GET .*: GET \/_sandbox\/openapi\.json describes them$/)
      expect(json.error).not.toHaveProperty('request_log_url')
    }
    expect((await control('POST', '/nothing')).status).toBe(404)
    expect((await control('POST', '/payment_intents/pi_none/authenticate', { outcome: 'maybe' })).status).toBe(400)
    expect((await control('POST', '/payment_intents/pi_none/authenticate', { outcome: 'fail' })).status).toBe(404)
    expect((await raw('/_sandbox/clock', { method: 'POST', body: '{' })).status).toBe(400)
  })

  test('resets to the start', async () => {
    const { control, sandbox, stripe } = await open()
    const before = JSON.stringify(sandbox.state.snapshot())
    await payWith(stripe)
    await sandbox.clock.advance(100)
    await control('POST', '/reset')
    expect(JSON.stringify((await control('GET', '/state')).json)).toBe(before)
  })
})

test('a restored sandbox goes on where the other one stood', async () => {
  const client = (sandbox: { fetch: typeof fetch }) =>
    new Stripe('sk_test_x', {
      httpClient: Stripe.createFetchHttpClient(sandbox.fetch),
      telemetry: false,
      maxNetworkRetries: 0,
    })
  const first = openSandbox({ seed: 7 })
  const paid = await payWith(client(first), 'pm_card_refundFail')
  const refund = await client(first).refunds.create({ payment_intent: paid.id }, { idempotencyKey: 'r' })
  const snapshot = JSON.parse(JSON.stringify(first.state.snapshot()))
  const second = openSandbox({ restore: snapshot })
  const replayed = await client(second).refunds.create({ payment_intent: paid.id }, { idempotencyKey: 'r' })
  expect(replayed.id).toBe(refund.id)
  await second.clock.advance(3600)
  expect(await client(second).refunds.retrieve(refund.id)).toMatchObject({ status: 'failed' })
  expect(await client(first).refunds.retrieve(refund.id)).toMatchObject({ status: 'succeeded' })
  const [one, two] = [await client(first).customers.create(), await client(second).customers.create()]
  expect(two.id).toBe(one.id)
  second.state.restore(snapshot)
  expect(JSON.stringify(second.state.snapshot())).toBe(JSON.stringify(snapshot))
})

test('due tasks run in order of their time, and their webhooks arrive in between', async () => {
  const seen: { type: string; created: number }[] = []
  const sandbox = openSandbox({
    webhookEndpoints: [{ url: 'http://127.0.0.1:9/hooks' }],
    send: async (_url, body) => {
      const { type, created } = JSON.parse(body)
      seen.push({ type, created })
      return { status: 200 }
    },
  })
  const start = sandbox.clock.now()
  const stripe = new Stripe('sk_test_x', { httpClient: Stripe.createFetchHttpClient(sandbox.fetch), telemetry: false })
  const paid = await payWith(stripe, 'pm_card_pendingRefund')
  await stripe.refunds.create({ payment_intent: paid.id })
  await sandbox.webhooks.settled()
  seen.length = 0
  await sandbox.clock.advance(10_000)
  expect(seen).toEqual([
    { type: 'charge.updated', created: start + 1 },
    { type: 'refund.updated', created: start + 3600 },
    { type: 'charge.refund.updated', created: start + 3600 },
  ])
})

test('a ticking clock keeps up with real time', async () => {
  const sandbox = openSandbox({ ticking: true, now: 1_800_000_000 })
  const then = async () => {
    await sandbox.fetch('http://sandbox/v1/customers', { headers: authorized })
    return sandbox.clock.now()
  }
  await expect.poll(then, { timeout: 5000 }).toBeGreaterThanOrEqual(1_800_000_001)
  await sandbox.clock.advance(1000)
  expect(sandbox.clock.now()).toBeGreaterThanOrEqual(1_800_001_001)
  sandbox.close()
})

test('a slice that throws changes nothing and is reported', async () => {
  const { customerSlice } = await import('../customers/customers.ts')
  const { route } = await import('../engine/slice.ts')
  const broken = route({
    method: 'POST',
    path: '/v1/broken',
    params: {},
    handler(context) {
      context.newId('cus')
      context.emit('customer.created', { id: 'cus_x' })
      context.schedule({ at: context.now + 1, kind: 'x', id: 'y' })
      throw new Error('oops')
    },
  })
  const sandbox = openSandbox({ slices: [customerSlice, { name: 'broken', routes: [broken] }] })
  const before = JSON.stringify(sandbox.state.snapshot().collections)
  const answer = await sandbox.fetch('http://sandbox/v1/broken', { method: 'POST', headers: authorized })
  expect(answer.status).toBe(500)
  expect(await answer.json()).toMatchObject({ error: { message: expect.stringContaining('oops') } })
  expect(JSON.stringify(sandbox.state.snapshot())).toContain(before.slice(1, -1))
  expect(sandbox.state.snapshot().tasks).toEqual([])
  expect(sandbox.state.all('event')).toEqual([])
})
