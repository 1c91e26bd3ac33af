import { describe, expect, test } from 'vitest'
import { authorized, openRig, transports } from '../../test/rig.ts'
import { type FaultKind, type FaultRequest, faultKinds } from './faults.ts'

interface Expected {
  /** What stripe-node makes of it. */
  readonly error: object
  /** Whether the customer was made all the same. */
  readonly effect: boolean
  /** What the same key gives afterwards; absent: the customer. */
  readonly again?: object
  readonly fault?: Partial<FaultRequest>
}

// Over HTTP stripe-node itself sends a request once more after a reset, so a cut must hit twice.
const twice = { times: 2 }
const cut = { type: 'StripeConnectionError' }

/** Every kind: one that is added to the union without a case here does not compile. */
const cases: Readonly<Record<FaultKind, Expected>> = {
  fail_before: { error: { type: 'StripeAPIError', statusCode: 500 }, effect: false },
  fail_after: {
    error: { type: 'StripeAPIError', statusCode: 500 },
    effect: true,
    again: { statusCode: 500, headers: { 'idempotent-replayed': 'true' } },
  },
  cut: { error: cut, effect: true, fault: twice },
  cut_before: { error: cut, effect: false, fault: twice },
  truncate: { error: cut, effect: true },
  stall: { error: cut, effect: true, fault: { delay_ms: 400 } },
  // The effect comes while nobody waits any more; until then the key is taken.
  stall_before: { error: cut, effect: false, fault: { delay_ms: 400 }, again: { code: 'idempotency_key_in_use' } },
  rate_limit: { error: { type: 'StripeRateLimitError', statusCode: 429, code: 'rate_limit' }, effect: false },
  lock_timeout: {
    error: { statusCode: 429, code: 'lock_timeout', headers: { 'stripe-should-retry': 'true' } },
    effect: false,
  },
  conflict: { error: { statusCode: 409, code: 'idempotency_key_in_use' }, effect: false },
  html: { error: { type: 'StripeAPIError' }, effect: false, fault: { status: 503 } },
}

const table = Object.values(faultKinds).map((kind) => ({ kind, ...cases[kind] }))

describe.each(transports)('each fault, %s', (transport) => {
  const open = async () => {
    const rig = await openRig(transport)
    const inject = (fault: FaultRequest) =>
      rig.raw('/_sandbox/faults', { method: 'POST', body: JSON.stringify(fault) }).then((answer) => answer.json())
    const create = (idempotencyKey: string) =>
      rig.stripe.customers.create({ name: 'Ada' }, { idempotencyKey, timeout: 150 })
    const count = () => rig.sandbox.state.all('customer').length
    return { ...rig, inject, create, count }
  }

  test.each(table)(
    '$kind: what the client sees, whether it took effect, and what its key gives then',
    async (expected) => {
      const { inject, create, count, sandbox } = await open()
      await inject({ kind: expected.kind, path: '/v1/customers', ...expected.fault })
      await expect(create('k')).rejects.toMatchObject(expected.error)
      expect(count()).toBe(expected.effect ? 1 : 0)
      sandbox.faults.clear()
      if (expected.again === undefined) expect((await create('k')).name).toBe('Ada')
      else await expect(create('k')).rejects.toMatchObject(expected.again)
      if (expected.kind === 'stall_before') {
        await expect.poll(count).toBe(1)
        expect((await create('k')).name).toBe('Ada')
      }
      expect(count()).toBe(1)
      await expect.poll(() => sandbox.requests.list().map(({ fault }) => fault)).toContain(expected.kind)
    },
  )

  test('saved decides whether the key remembers the failure', async () => {
    const { inject, create, count } = await open()
    await inject({ kind: 'fail_before', saved: true })
    await expect(create('before')).rejects.toMatchObject({ statusCode: 500 })
    await expect(create('before')).rejects.toMatchObject({ headers: { 'idempotent-replayed': 'true' } })
    expect(count()).toBe(0)
    await inject({ kind: 'fail_after', saved: false, status: 502 })
    await expect(create('after')).rejects.toMatchObject({ statusCode: 502 })
    expect((await create('after')).name).toBe('Ada')
    expect(count()).toBe(2)
  })

  test('html after the effect', async () => {
    const { inject, create, count } = await open()
    await inject({ kind: 'html', after_effect: true })
    await expect(create('k')).rejects.toMatchObject({ type: 'StripeAPIError' })
    expect(count()).toBe(1)
    expect((await create('k')).name).toBe('Ada')
    expect(count()).toBe(1)
  })

  // stripe-node waits half a second before it tries again, so these run side by side.
  test('should_retry of a failure makes stripe-node try again or give up, against what the status says', async () => {
    const table = [
      { status: 500, should_retry: false, calls: 1 },
      { status: 500, calls: 2 },
      { status: 402, should_retry: true, calls: 2 },
      { status: 402, calls: 1 },
    ]
    const seen = table.map(async ({ calls: _, ...fault }) => {
      const { inject, stripe, sandbox } = await open()
      await inject({ kind: 'fail_before', times: 5, ...fault })
      await expect(stripe.customers.create({}, { maxNetworkRetries: 1 })).rejects.toThrow()
      return { ...fault, calls: sandbox.requests.list().length }
    })
    expect(await Promise.all(seen)).toEqual(table)
  })

  test('a client that tries again by itself ends with one customer', async () => {
    const kinds = ['cut', 'cut_before', 'fail_before', 'lock_timeout', 'conflict', 'stall'] as const
    const ends = kinds.map(async (kind) => {
      const { inject, stripe, count } = await open()
      await inject({ kind, method: 'POST', delay_ms: 400 })
      const { name } = await stripe.customers.create({ name: 'Ada' }, { maxNetworkRetries: 1, timeout: 150 })
      return { kind, name, count: count() }
    })
    expect(await Promise.all(ends)).toEqual(kinds.map((kind) => ({ kind, name: 'Ada', count: 1 })))
  })

  test('a pattern fits one segment with :id or *, and the rest with * at the end', async () => {
    const { inject, sandbox, raw } = await open()
    const hits = async (pattern: string, path: string) => {
      sandbox.faults.clear()
      await inject({ kind: 'fail_before', status: 503, path: pattern })
      return (await raw(path, { headers: authorized })).status === 503
    }
    expect(await hits('/v1/customers/:id', '/v1/customers/cus_1')).toBe(true)
    expect(await hits('/v1/*/cus_1', '/v1/customers/cus_1')).toBe(true)
    expect(await hits('/v1/customers/*', '/v1/customers/cus_1')).toBe(true)
    expect(await hits('/v1/*', '/v1/customers/cus_1')).toBe(true)
    expect(await hits('/v1/customers', '/v1/customers/cus_1')).toBe(false)
    expect(await hits('/v1/customers/:id', '/v1/customers')).toBe(false)
    expect(await hits('/v1/customers/*', '/v1/customers')).toBe(false)
  })

  test('the oldest fault that fits is taken, and taking one back ends it', async () => {
    const { inject, create, raw } = await open()
    await inject({ kind: 'lock_timeout', path: '/v1/refunds' })
    await inject({ kind: 'fail_before', status: 503 })
    await inject({ kind: 'rate_limit' })
    await expect(create('k')).rejects.toMatchObject({ statusCode: 503 })
    await expect(create('k')).rejects.toMatchObject({ code: 'rate_limit' })
    await inject({ kind: 'rate_limit' })
    await raw('/_sandbox/faults', { method: 'DELETE' })
    expect((await create('k')).name).toBe('Ada')
  })
})

test('a cut connection is an error of the connection to any client', async () => {
  const { raw, sandbox } = await openRig('http')
  sandbox.faults.inject({ kind: 'cut' })
  await expect(raw('/v1/customers', { headers: authorized })).rejects.toThrow('fetch failed')
  sandbox.faults.inject({ kind: 'truncate' })
  const half = await raw('/v1/customers', { headers: authorized })
  expect(half.status).toBe(200)
  await expect(half.text()).rejects.toThrow('terminated')
})
