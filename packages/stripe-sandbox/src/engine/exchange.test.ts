import Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { authorized, openRig, openSandbox, payWith, transports } from '../../test/rig.ts'

const customerCall = { method: 'POST', headers: { ...authorized, 'idempotency-key': 'key-1' }, body: 'name=Ada' }

describe.each(transports)('keys and routes, %s', (transport) => {
  test.each([
    { why: 'no key', headers: {}, message: 'You did not provide an API key' },
    {
      why: 'a live key',
      headers: { authorization: 'Bearer sk_live_abcdefghijkl' },
      message: 'Invalid API Key provided: sk_live_***',
    },
  ])('401 for $why', async ({ headers, message }) => {
    const { raw } = await openRig(transport)
    const answer = await raw('/v1/customers', { headers })
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({
      error: { type: 'invalid_request_error', message: expect.stringContaining(message) },
    })
  })

  test('accepts only the keys that it is given, also as the user of Basic', async () => {
    const { raw } = await openRig(transport, { keys: ['sk_test_mine'] })
    const basic = `Basic ${Buffer.from('sk_test_mine:').toString('base64')}`
    expect((await raw('/v1/customers', { headers: { authorization: basic } })).status).toBe(200)
    expect((await raw('/v1/customers', { headers: authorized })).status).toBe(401)
  })

  test('answers with Stripe’s headers, in the virtual time', async () => {
    const { sandbox, raw } = await openRig(transport, { now: 1_800_000_000 })
    await sandbox.clock.advance(60)
    const answer = await raw('/v1/customers', customerCall)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/json',
      date: 'Fri, 15 Jan 2027 08:01:00 GMT',
      'request-id': expect.stringMatching(/^req_\w{14}$/),
      'stripe-version': '2026-10-28.endive',
      'stripe-should-retry': 'false',
      'idempotency-key': 'key-1',
      'original-request': answer.headers.get('request-id'),
    })
    expect(await answer.json()).toMatchObject({ created: 1_800_000_060 })
  })

  test('404 for a URL that does not exist, 400 for an unknown version', async () => {
    const { raw } = await openRig(transport)
    const lost = await raw('/v1/nothing', { headers: authorized })
    expect(lost.status).toBe(404)
    expect(await lost.json()).toMatchObject({
      error: { message: expect.stringContaining('Unrecognized request URL (GET: /v1/nothing)') },
    })
    expect((await raw('/v1/customers', { headers: { ...authorized, 'stripe-version': '1999-01-01' } })).status).toBe(
      400,
    )
  })

  test('parameters are checked by name, type and depth', async () => {
    const { raw } = await openRig(transport)
    const post = async (body: string) =>
      (await raw('/v1/customers', { method: 'POST', headers: authorized, body })).json()
    expect(await post('a=1&b=2')).toMatchObject({
      error: { code: 'parameter_unknown', message: 'Received unknown parameters: a, b' },
    })
    expect(await post('address[planet]=x')).toMatchObject({ error: { param: 'address[planet]' } })
    expect(await post('balance=x')).toMatchObject({ error: { code: 'parameter_invalid_integer', param: 'balance' } })
    expect(await post('address=x')).toMatchObject({ error: { message: 'Invalid object' } })
    expect(await post('email=nobody')).toMatchObject({ error: { code: 'email_invalid', param: 'email' } })
    expect(await post('source=tok_visa')).toMatchObject({ error: { code: 'sandbox_unsupported', param: 'source' } })
    expect(await post('preferred_locales[]=de&preferred_locales[]=en')).toMatchObject({
      preferred_locales: ['de', 'en'],
    })
    expect(await post('expand[]=name')).toMatchObject({
      error: { message: 'This property cannot be expanded (name).' },
    })
  })

  test('expands through lists, and not more than four levels', async () => {
    const { stripe } = await openRig(transport)
    const customer = await stripe.customers.create()
    await payWith(stripe, 'pm_card_visa', { customer: customer.id })
    const { data } = await stripe.paymentIntents.list({ expand: ['data.latest_charge.customer', 'data.customer'] })
    expect(data).toMatchObject([{ latest_charge: { customer: { id: customer.id } }, customer: { object: 'customer' } }])
    await expect(
      stripe.paymentIntents.list({
        expand: ['data.latest_charge.payment_intent.latest_charge.payment_intent.customer'],
      }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('4 levels'),
    })
  })
})

describe.each(transports)('idempotency, %s', (transport) => {
  test('the same key and parameters give the saved answer', async () => {
    const { sandbox, raw } = await openRig(transport)
    const first = await raw('/v1/customers', customerCall)
    const second = await raw('/v1/customers', { ...customerCall, body: 'name=Ada' })
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect(second.headers.get('original-request')).toBe(first.headers.get('request-id'))
    expect(second.headers.get('request-id')).not.toBe(first.headers.get('request-id'))
    expect(await second.text()).toBe(await first.text())
    expect(sandbox.state.all('customer')).toHaveLength(1)
    expect(sandbox.requests.list().map(({ replayed }) => replayed)).toEqual([false, true])
  })

  test('other parameters or another endpoint are refused', async () => {
    const { stripe } = await openRig(transport)
    await stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'k' })
    await expect(stripe.customers.create({ name: 'Bob' }, { idempotencyKey: 'k' })).rejects.toMatchObject({
      type: 'StripeIdempotencyError',
      statusCode: 400,
    })
    await expect(stripe.setupIntents.create({}, { idempotencyKey: 'k' })).rejects.toMatchObject({
      message: expect.stringContaining("('/v1/setup_intents' vs '/v1/customers')"),
    })
  })

  test('a decline is replayed as declined, and a key is forgotten after a day', async () => {
    const { sandbox, stripe } = await openRig(transport)
    const pay = () =>
      stripe.paymentIntents.create(
        {
          amount: 500,
          currency: 'usd',
          payment_method: 'pm_card_chargeDeclined',
          confirm: true,
          return_url: 'https://a.test',
        },
        { idempotencyKey: 'k' },
      )
    await expect(pay()).rejects.toMatchObject({ code: 'card_declined' })
    await expect(pay()).rejects.toMatchObject({ headers: { 'idempotent-replayed': 'true' }, code: 'card_declined' })
    expect(sandbox.state.all('payment_intent')).toHaveLength(1)
    await sandbox.clock.advance(86_400)
    await expect(pay()).rejects.toMatchObject({ code: 'card_declined' })
    expect(sandbox.state.all('payment_intent')).toHaveLength(2)
  })

  test('a wrong parameter is not saved: the key may come again', async () => {
    const { stripe, sandbox } = await openRig(transport)
    await expect(stripe.customers.create({ email: 'nobody' }, { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'email_invalid',
    })
    expect(await stripe.customers.create({ email: 'a@b.test' }, { idempotencyKey: 'k' })).toMatchObject({
      email: 'a@b.test',
    })
    expect(sandbox.state.all('customer')).toHaveLength(1)
  })

  test('a key in use is a conflict, and an object in use a lock timeout', async () => {
    const { sandbox, stripe } = await openRig(transport)
    const customer = await stripe.customers.create()
    sandbox.faults.inject({ kind: 'stall_before', delay_ms: 1000, method: 'POST' })
    const update = (name: string, idempotencyKey: string) =>
      stripe.customers.update(customer.id, { name }, { idempotencyKey })
    const first = update('slow', 'k')
    await expect.poll(() => sandbox.faults.list()).toEqual([])
    await expect(update('slow', 'k')).rejects.toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' })
    await expect(update('fast', 'other')).rejects.toMatchObject({
      statusCode: 429,
      code: 'lock_timeout',
      headers: { 'stripe-should-retry': 'true' },
    })
    expect((await first).name).toBe('slow')
    expect((await update('fast', 'other')).name).toBe('fast')
  })
})

describe.each(transports)('faults, %s', (transport) => {
  const open = async () => {
    const rig = await openRig(transport)
    const create = (key: string) => rig.stripe.customers.create({ name: 'Ada' }, { idempotencyKey: key })
    const count = () => rig.sandbox.state.all('customer').length
    return { ...rig, create, count }
  }

  test('fail_before has no effect and the key is free', async () => {
    const { sandbox, create, count } = await open()
    sandbox.faults.inject({ kind: 'fail_before', status: 503, path: '/v1/customers' })
    await expect(create('k')).rejects.toMatchObject({ type: 'StripeAPIError', statusCode: 503 })
    expect(count()).toBe(0)
    expect((await create('k')).name).toBe('Ada')
  })

  test('fail_after has its effect, and the key replays the 500', async () => {
    const { sandbox, create, count } = await open()
    sandbox.faults.inject({ kind: 'fail_after' })
    await expect(create('k')).rejects.toMatchObject({ statusCode: 500 })
    expect(count()).toBe(1)
    await expect(create('k')).rejects.toMatchObject({ statusCode: 500, headers: { 'idempotent-replayed': 'true' } })
    expect(count()).toBe(1)
  })

  test.each(['cut', 'truncate'] as const)('%s has its effect, and the key gives the answer', async (kind) => {
    const { sandbox, create, count } = await open()
    // stripe-node itself sends a request once more after a reset, so the fault must hit twice.
    sandbox.faults.inject({ kind, times: 2, path: '/v1/customers' })
    await expect(create('k')).rejects.toMatchObject({ type: 'StripeConnectionError' })
    sandbox.faults.clear()
    expect(count()).toBe(1)
    expect((await create('k')).name).toBe('Ada')
    expect(count()).toBe(1)
  })

  test('stall answers late: a client that gave up finds the answer under its key', async () => {
    const { sandbox, create, count, raw } = await open()
    sandbox.faults.inject({ kind: 'stall', delay_ms: 10_000 })
    const headers = { ...authorized, 'idempotency-key': 'k' }
    const client = new AbortController()
    const { signal } = client
    const stalled = raw('/v1/customers', { method: 'POST', headers, body: 'name=Ada', signal })
    const left = expect(stalled).rejects.toThrow('aborted')
    await expect.poll(count).toBe(1)
    client.abort()
    await left
    expect((await create('k')).name).toBe('Ada')
    expect(count()).toBe(1)
  })

  test('rate_limit, lock_timeout, conflict and html answer as Stripe or a proxy would', async () => {
    const { sandbox, create, count } = await open()
    sandbox.faults.inject({ kind: 'rate_limit' })
    await expect(create('k')).rejects.toMatchObject({
      type: 'StripeRateLimitError',
      code: 'rate_limit',
      headers: { 'stripe-rate-limited-reason': 'global-rate' },
    })
    sandbox.faults.inject({ kind: 'lock_timeout' })
    await expect(create('k')).rejects.toMatchObject({ code: 'lock_timeout' })
    sandbox.faults.inject({ kind: 'conflict' })
    await expect(create('k')).rejects.toMatchObject({ statusCode: 409 })
    sandbox.faults.inject({ kind: 'html' })
    await expect(create('k')).rejects.toMatchObject({ type: 'StripeAPIError', statusCode: undefined })
    expect(count()).toBe(0)
    sandbox.faults.inject({ kind: 'html', after_effect: true })
    await expect(create('k')).rejects.toMatchObject({ type: 'StripeAPIError' })
    expect(count()).toBe(1)
  })

  test('hit only what they match, as often as they say', async () => {
    const { sandbox, stripe, create } = await open()
    sandbox.faults.inject({ kind: 'fail_before', times: 2, method: 'POST', path: '/v1/customers/:id' })
    const customer = await create('k')
    for (const attempt of [1, 2]) {
      await expect(stripe.customers.update(customer.id, { name: `x${attempt}` })).rejects.toMatchObject({
        statusCode: 500,
      })
    }
    expect((await stripe.customers.update(customer.id, { name: 'done' })).name).toBe('done')
    expect(sandbox.faults.list()).toEqual([])
    expect(sandbox.requests.list().map(({ fault }) => fault)).toEqual([null, 'fail_before', 'fail_before', null])
  })

  test('rate limits on request', async () => {
    const { raw } = await openRig(transport, { rateLimit: { perSecond: 3, perEndpointPerSecond: 2 } })
    const statuses = []
    for (const path of ['/v1/customers', '/v1/customers', '/v1/customers', '/v1/events', '/v1/events']) {
      const answer = await raw(path, { headers: authorized })
      statuses.push([answer.status, answer.headers.get('stripe-rate-limited-reason')])
    }
    expect(statuses).toEqual([
      [200, null],
      [200, null],
      [429, 'endpoint-rate'],
      [429, 'global-rate'],
      [429, 'global-rate'],
    ])
  })
})

test('the same calls give the same ids and answers; another seed gives others', async () => {
  const tell = async (seed: string) => {
    const sandbox = openSandbox({ seed })
    const stripe = new Stripe('sk_test_x', {
      httpClient: Stripe.createFetchHttpClient(sandbox.fetch),
      telemetry: false,
    })
    const customer = await stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'a' })
    const paid = await stripe.paymentIntents.create(
      {
        amount: 500,
        currency: 'usd',
        customer: customer.id,
        payment_method: 'pm_card_visa',
        confirm: true,
        return_url: 'https://a.test',
      },
      { idempotencyKey: 'b' },
    )
    await stripe.refunds.create({ payment_intent: paid.id, amount: 100 }, { idempotencyKey: 'c' })
    return JSON.stringify(sandbox.state.snapshot())
  }
  expect(await tell('one')).toBe(await tell('one'))
  expect(await tell('one')).not.toBe(await tell('two'))
})
