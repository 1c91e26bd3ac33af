import type { RateLimiter } from '@florin/core'
import { Hono } from 'hono'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { clientAddress, createMetrics, type HttpEnv, jwksAuthenticator, type RateLimitOptions } from '../src/index.ts'
import { jwtSecret, openWorld } from './http-world.ts'

/** A limiter whose window never ends, and what it was asked. */
function counted(limit: number): RateLimiter & { keys: string[] } {
  const keys: string[] = []
  return {
    keys,
    async take(key) {
      keys.push(key)
      const used = keys.filter((other) => other === key).length
      return { allowed: used <= limit, limit, remaining: Math.max(limit - used, 0), resetSeconds: 42 }
    },
  }
}

/** A world whose requests come from the address in `X-From`. */
async function limited(limits: Omit<RateLimitOptions, 'clientAddress'>, app: Parameters<typeof openWorld>[0] = {}) {
  const rateLimit = {
    ...limits,
    clientAddress: (c: { req: { header(name: string): string | undefined } }) => c.req.header('x-from') ?? 'all',
  }
  const { send } = await openWorld({ app: { ...app.app, rateLimit } })
  const ask = (as: string, from = 'all', path = '/api/v1/payments/tx_1') =>
    send('GET', path, undefined, { as, headers: { 'X-From': from } })
  return { send, ask }
}

describe('the limit of the API', () => {
  test('counts each address apart, and says what is left and when it fills again', async () => {
    const limiter = counted(2)
    const { ask } = await limited({ limiter })
    const first = await ask('service', '10.0.0.1')
    expect(first.status).toBe(404)
    expect(first.headers.get('ratelimit-policy')).toBe('"api";q=2')
    expect(first.headers.get('ratelimit')).toBe('"api";r=1;t=42')
    expect(first.headers.get('retry-after')).toBeNull()
    await ask('service', '10.0.0.1')
    const refused = await ask('service', '10.0.0.1')
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } })
    expect(refused.headers.get('ratelimit')).toBe('"api";r=0;t=42')
    expect(refused.headers.get('retry-after')).toBe('42')
    expect((await ask('service', '10.0.0.2')).status).toBe(404)
    expect(limiter.keys).toContain('api:10.0.0.1')
  })

  test('counts IPv6 by /64, and IPv4 in its clothes as IPv4', async () => {
    const limiter = counted(3)
    const { ask } = await limited({ limiter })
    const addresses = [
      '2001:db8::1',
      '2001:DB8::2',
      '2001:db8:0:0:ffff::',
      '2001:db8:0:1::1',
      '::ffff:10.0.0.1',
      '10.0.0.1',
    ]
    for (const address of addresses) await ask('service', address)
    const [same, other, mapped] = ['api:2001:db8:0:0::/64', 'api:2001:db8:0:1::/64', 'api:10.0.0.1']
    expect(limiter.keys).toEqual([same, same, same, other, mapped, mapped])
    expect((await ask('service', '2001:db8::abcd')).status).toBe(429)
    expect((await ask('service', '2001:db8:0:1::2')).status).toBe(404)
  })

  test('leaves webhooks to a bucket of their own, and probes alone', async () => {
    const [limiter, webhookLimiter] = [counted(0), counted(1)]
    const { send, ask } = await limited({ limiter, webhookLimiter })
    for (const path of ['/health', '/health/live', '/health/ready', '/openapi.json']) {
      expect((await ask('anonymous', 'all', path)).status).toBe(200)
    }
    const webhook = async () => (await send('POST', '/api/v1/webhooks/stripe', '{}', { as: 'anonymous' })).status
    expect([await webhook(), await webhook()]).toEqual([400, 429])
    expect(webhookLimiter.keys).toEqual(['webhooks:all', 'webhooks:all'])
    expect(limiter.keys).toEqual([])
  })

  test('never refuses a webhook where they have no bucket', async () => {
    const { send } = await limited({ limiter: counted(0) })
    expect((await send('POST', '/api/v1/webhooks/stripe', '{}')).status).toBe(400)
  })
})

describe('tokens that are not genuine', () => {
  test('are answered 429 once there were too many, and one that is good still passes', async () => {
    const failureLimiter = counted(3)
    const { ask } = await limited({ limiter: counted(100), failureLimiter })
    for (let count = 0; count < 3; count += 1) expect((await ask('no.such.token')).status).toBe(401)
    const refused = await ask(
      await new SignJWT({ sub: 'root', roles: ['admin'], exp: 2_000_000_000 })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode('a guess of the secret that is wrong')),
    )
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } })
    expect(refused.headers.get('retry-after')).toBe('42')
    expect(refused.headers.get('ratelimit-policy')).toBe('"api";q=100, "failures";q=3')
    expect(refused.headers.get('ratelimit')).toBe('"api";r=96;t=42, "failures";r=0;t=42')
    const good = await ask('service')
    expect(good.status).toBe(404)
    expect(good.headers.get('ratelimit')).toBe('"api";r=95;t=42')
    expect((await ask('no.such.token', '10.0.0.2')).status).toBe(401)
    expect(failureLimiter.keys.at(0)).toBe('failures:all')
  })

  test('are not those that are missing, or were good and expired', async () => {
    const failureLimiter = counted(0)
    const { ask } = await limited({ limiter: counted(100), failureLimiter })
    const hourAgo = Math.floor(Date.now() / 1000) - 3600
    expect((await ask('anonymous')).status).toBe(401)
    expect((await ask(await expiredAt(hourAgo))).body).toMatchObject({ status: 401, detail: 'the token has expired' })
    expect(failureLimiter.keys).toEqual([])
    expect((await ask('no.such.token')).status).toBe(429)
  })

  test('are not those of an issuer that is away', async () => {
    const failureLimiter = counted(0)
    const auth = jwksAuthenticator({ url: 'http://127.0.0.1:1/' })
    const { ask } = await limited({ limiter: counted(100), failureLimiter }, { app: { auth } })
    const token = await new SignJWT({ sub: 'alice', exp: 2_000_000_000 })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign((await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])).privateKey)
    expect((await ask(token)).status).toBe(503)
    expect(failureLimiter.keys).toEqual([])
  })

  test('are counted at /metrics too', async () => {
    const app = { metrics: createMetrics(), metricsToken: 'scrape me' }
    const { ask } = await limited({ limiter: counted(100), failureLimiter: counted(2) }, { app })
    const statuses = []
    for (const token of ['a', 'b', 'c', 'scrape me']) statuses.push((await ask(token, 'all', '/metrics')).status)
    expect(statuses).toEqual([401, 401, 429, 200])
  })
})

const expiredAt = (exp: number) =>
  new SignJWT({ sub: 'alice', roles: ['user'], exp })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(jwtSecret))

describe("the client's address", () => {
  const seen = async (trustedProxies: number, from: string | undefined, forwarded?: string) => {
    const address = clientAddress({ trustedProxies })
    const app = new Hono<HttpEnv>().get('/', (c) => c.text(address(c)))
    const headers: HeadersInit = forwarded === undefined ? {} : { 'X-Forwarded-For': forwarded }
    const env = { incoming: { socket: { remoteAddress: from } } }
    return (await app.request('/', { headers }, env)).text()
  }

  test.each([
    { why: 'without proxies is that of the connection', proxies: 0, forwarded: '203.0.113.1', address: '10.0.0.9' },
    { why: 'behind one is what it wrote', proxies: 1, forwarded: '203.0.113.1', address: '203.0.113.1' },
    {
      why: 'is never what the client wrote before',
      proxies: 1,
      forwarded: '1.1.1.1, 203.0.113.1',
      address: '203.0.113.1',
    },
    {
      why: 'behind two is what the first wrote',
      proxies: 2,
      forwarded: '1.1.1.1,203.0.113.1,10.0.0.8',
      address: '203.0.113.1',
    },
    {
      why: 'is that of the connection where a proxy was passed by',
      proxies: 2,
      forwarded: '1.1.1.1',
      address: '10.0.0.9',
    },
    { why: 'and where all were', proxies: 1, forwarded: undefined, address: '10.0.0.9' },
    { why: 'and where nothing was written', proxies: 1, forwarded: '', address: '10.0.0.9' },
    { why: 'and where what was written is no address', proxies: 1, forwarded: '1.1.1.1, unknown', address: '10.0.0.9' },
    { why: 'may have a port', proxies: 1, forwarded: '203.0.113.1:4711', address: '203.0.113.1' },
    { why: 'may be one of IPv6', proxies: 1, forwarded: '[2001:DB8::1]:4711', address: '2001:db8::1' },
    { why: 'may be IPv4 in the clothes of IPv6', proxies: 1, forwarded: '::ffff:203.0.113.1', address: '203.0.113.1' },
  ])('$why', async ({ proxies, forwarded, address }) => {
    expect(await seen(proxies, '10.0.0.9', forwarded)).toBe(address)
  })

  test('of a connection may be IPv4 in the clothes of IPv6, or gone', async () => {
    expect(await seen(0, '::ffff:10.0.0.9')).toBe('10.0.0.9')
    expect(await seen(0, undefined)).toBe('unknown')
  })
})
