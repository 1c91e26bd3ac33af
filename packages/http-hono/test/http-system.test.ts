import { describe, expect, test, vi } from 'vitest'
import {
  apiRoutes,
  createLogger,
  createMetrics,
  gatewayWatch,
  type HealthOptions,
  metricsObserver,
} from '../src/index.ts'
import { openWorld, paidPayment, type Send } from './http-world.ts'

const get = (send: Send, path: string, headers: Record<string, string> = {}) =>
  send('GET', path, undefined, { as: 'anonymous', headers })

describe('/health', () => {
  const works = async () => 'pong'
  const fails = () => Promise.reject(new Error('connect ECONNREFUSED db-7'))
  const hangs = () => new Promise(() => undefined)
  const open = async (health: HealthOptions) => (await openWorld({ app: { health } })).send

  test('is healthy without anything to check', async () => {
    const { send } = await openWorld()
    expect(await get(send, '/health')).toMatchObject({ status: 200, body: { status: 'healthy' } })
  })

  test.each([
    { why: 'all is there', postgres: works, redis: works, status: 200, body: { status: 'healthy' } },
    {
      why: 'Redis is lost',
      ...{ postgres: works, redis: fails, status: 200 },
      body: { status: 'degraded', checks: { postgres: 'healthy', redis: 'unhealthy' } },
    },
    {
      why: 'Postgres is lost',
      ...{ postgres: fails, redis: works, status: 503 },
      body: { status: 'unhealthy', checks: { postgres: 'unhealthy', redis: 'healthy' } },
    },
    {
      why: 'Postgres does not answer',
      ...{ postgres: hangs, redis: works, status: 503 },
      body: { status: 'unhealthy', checks: { postgres: 'unhealthy', redis: 'healthy' } },
    },
  ])('says so where $why', async ({ postgres, redis, status, body }) => {
    const checks = { postgres: { check: postgres }, redis: { check: redis, optional: true } }
    const send = await open({ checks, timeout: 50 })
    const answer = await get(send, '/health')
    expect(answer.status).toBe(status)
    expect(answer.body).toEqual(body)
    expect(await get(send, '/health/ready')).toMatchObject({ status, body })
    expect(await get(send, '/health/live')).toMatchObject({ status: 200, body: { status: 'healthy' } })
  })

  test('is no longer ready once the server stops', async () => {
    let stopping = false
    const send = await open({ checks: {}, isStopping: () => stopping })
    expect((await get(send, '/health/ready')).status).toBe(200)
    stopping = true
    expect((await get(send, '/health/ready')).status).toBe(503)
    expect((await get(send, '/health/live')).status).toBe(200)
  })

  test('tells every check where it is asked for, and the latest call of the gateway', async () => {
    let clock = 0
    const watch = gatewayWatch(() => clock)
    const health = {
      checks: { postgres: { check: works }, gateway: watch.check },
      lastGatewayCall: watch.lastGatewayCall,
    }
    const { send } = await openWorld({ app: { health }, observer: watch.observer })
    const checks = { postgres: 'healthy', gateway: 'healthy' }
    expect((await get(send, '/health?verbose')).body).toEqual({ status: 'healthy', checks, last_gateway_call: null })
    await paidPayment(send)
    clock = 5500
    const lastCall = { outcome: 'accepted', seconds_ago: 5 }
    expect((await get(send, '/health?verbose')).body).toMatchObject({ status: 'healthy', last_gateway_call: lastCall })
    expect((await get(send, '/health')).body).toEqual({ status: 'healthy' })
  })

  test('is degraded, and ready all the same, for a minute after a call that the gateway did not answer', async () => {
    let clock = 0
    const watch = gatewayWatch(() => clock)
    const app = { health: { checks: { gateway: watch.check } } }
    const { send, sandbox } = await openWorld({ app, observer: watch.observer })
    sandbox.faults.inject({ kind: 'fail_before', status: 500, times: 10 })
    await send('POST', '/api/v1/payments', { user_id: 'alice', amount: 1000, currency: 'USD' })
    const lost = { status: 'degraded', checks: { gateway: 'unhealthy' } }
    expect(await get(send, '/health')).toMatchObject({ status: 200, body: lost })
    expect(await get(send, '/health/ready')).toMatchObject({ status: 200, body: lost })
    clock = 60_001
    expect((await get(send, '/health')).body).toEqual({ status: 'healthy' })
  })

  test('counts a good answer for a while, and never a bad one', async () => {
    const check = vi.fn(works)
    const send = await open({ checks: { postgres: { check, goodForMs: 60_000 } } })
    for (let times = 0; times < 3; times += 1) expect((await get(send, '/health')).status).toBe(200)
    expect(check).toHaveBeenCalledTimes(1)
    const sick = await open({ checks: { postgres: { check: fails, goodForMs: 60_000 } } })
    expect((await get(sick, '/health')).status).toBe(503)
    expect((await get(sick, '/health')).status).toBe(503)
  })

  test('asks a sick database once, however many ask for its health', async () => {
    const check = vi.fn(async () => new Promise((resolve) => setTimeout(resolve, 20)))
    const send = await open({ checks: { postgres: { check } } })
    await Promise.all(Array.from({ length: 20 }, () => get(send, '/health')))
    expect(check).toHaveBeenCalledTimes(1)
  })
})

describe('/metrics', () => {
  test('counts by route pattern, never by id', async () => {
    const metrics = createMetrics()
    const { send, webhooks } = await openWorld({ app: { metrics }, observer: metricsObserver(metrics) })
    const payment = await paidPayment(send)
    await send('GET', `/api/v1/payments/${payment.id}`)
    await send('POST', '/api/v1/payments', { ...order, payment_method: 'pm_card_chargeDeclined' })
    await send('GET', '/nowhere/tx_42')
    await webhooks()
    const { status, body, headers } = await get(send, '/metrics')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toContain('text/plain')
    expect(body).toContain('http_requests_total{method="GET",route="/api/v1/payments/:id",status="200"} 1')
    expect(body).toContain('http_requests_total{method="GET",route="unmatched",status="404"} 1')
    expect(body).toContain('http_request_duration_seconds_count{method="POST",route="/api/v1/payments",status="402"} 1')
    expect(body).toContain('payment_errors_total{code="card_declined"} 1')
    expect(body).toContain('payment_transactions_total{status="succeeded",currency="USD"} 1')
    expect(body).toMatch(/webhook_events_total\{type="payment_intent.succeeded",outcome="processed"\} 1/)
    expect(body).toMatch(/gateway_calls_total\{call="payment.create",outcome="accepted"\} 1/)
    expect(body).toContain('gateway_call_duration_seconds_bucket')
    expect(body).toContain('process_cpu_user_seconds_total')
    expect(body).not.toMatch(/tx_|alice|pi_/)
  })

  const order = { user_id: 'alice', amount: 1000, currency: 'USD' }

  test('asks for its token where there is one', async () => {
    const { send } = await openWorld({ app: { metrics: createMetrics(), metricsToken: 'scrape me' } })
    for (const headers of [{}, { Authorization: 'Bearer wrong' }, { Authorization: 'Bearer ' }]) {
      expect(await get(send, '/metrics', headers)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
    }
    expect((await get(send, '/metrics', { Authorization: 'Bearer scrape me' })).status).toBe(200)
  })

  test('is not there where nothing is counted', async () => {
    const { send } = await openWorld()
    expect((await get(send, '/metrics')).status).toBe(404)
  })
})

describe('every answer', () => {
  test('carries the id of its request, and the headers that keep it private', async () => {
    const { send } = await openWorld()
    for (const path of ['/health', '/api/v1/payments/tx_1', '/nowhere', '/docs']) {
      const { headers } = await get(send, path, { 'X-Request-Id': 'shop-77' })
      expect(headers.get('x-request-id')).toBe('shop-77')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    }
  })

  test.each(['a b', 'x'.repeat(129), '{"level":"ERROR"}', ''])('gets a new id instead of %j', async (given) => {
    const { send } = await openWorld()
    const { headers } = await get(send, '/health', { 'X-Request-Id': given })
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('may be read by browsers of the origins that are named, and of no others', async () => {
    const { send, app } = await openWorld({ app: { corsOrigins: ['https://shop.example'] } })
    const ours = await get(send, '/api/v1/payments/tx_1', { Origin: 'https://shop.example' })
    expect(ours.headers.get('access-control-allow-origin')).toBe('https://shop.example')
    expect(ours.headers.get('cache-control')).toBe('no-store')
    const theirs = await get(send, '/api/v1/payments/tx_1', { Origin: 'https://evil.example' })
    expect(theirs.headers.get('access-control-allow-origin')).toBeNull()
    const preflight = await app.request('/api/v1/payments', {
      method: 'OPTIONS',
      headers: { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Idempotency-Key')
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()
    expect(preflight.headers.get('cache-control')).toBe('no-store')
    expect(preflight.headers.get('x-request-id')).toMatch(/./)
  })
})

test('logs one line per request, without what is nobody’s business', async () => {
  const lines: string[] = []
  const logger = createLogger({ destination: { write: (line) => void lines.push(line) } })
  const { send } = await openWorld({ app: { logger } })
  const payment = await paidPayment(send)
  lines.length = 0
  const headers = { 'X-Request-Id': 'req-9' }
  await send('GET', `/api/v1/payments/${payment.id}?secret=1`, undefined, { headers, as: 'bob' })
  await get(send, `/api/v1/payments/${payment.id}`, headers)
  await get(send, '/health')
  await get(send, '/nowhere')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: 'INFO',
      time: expect.stringMatching(/Z$/),
      request_id: 'req-9',
      method: 'GET',
      route: '/api/v1/payments/:id',
      status: 422,
      duration_ms: expect.any(Number),
      object_id: payment.id,
      actor: 'bob',
      code: 'input_invalid',
      message: 'request',
    },
    expect.objectContaining({ status: 401, code: 'unauthenticated' }),
    expect.objectContaining({ route: 'unmatched', status: 404 }),
  ])
  expect(lines.join('')).not.toMatch(/secret|Bearer|eyJ/)
})

test('tells of a path only what can be an id there, and no secret', async () => {
  const lines: string[] = []
  const logger = createLogger({ destination: { write: (line) => void lines.push(line) } })
  const { send } = await openWorld({ app: { logger } })
  const { client_secret } = (
    await send('POST', '/api/v1/payments', { user_id: 'alice', amount: 1000, currency: 'USD' })
  ).body
  lines.length = 0
  const asked = [
    `payments/${client_secret}`,
    'payments/sk_live_4eC39HqLyjWDarjtT1zdp7dc',
    'payments/pm_1',
    'payments/pi_1',
  ]
  for (const path of asked) await send('GET', `/api/v1/${path}`)
  await send('DELETE', '/api/v1/payment-methods/src_1_client_secret_2')
  const told = lines.map((line) => JSON.parse(line).object_id)
  expect(told).toEqual([undefined, undefined, undefined, 'pi_1', '[redacted]'])
})

test('names what an operation made or was refused for, and the operation itself', async () => {
  const lines: string[] = []
  const logger = createLogger({ destination: { write: (line) => void lines.push(line) } })
  const { send } = await openWorld({ app: { logger } })
  const body = { user_id: 'alice', amount: 1000, currency: 'USD', payment_method: 'pm_card_visa', reference: 'order-1' }
  const made = await send('POST', '/api/v1/payments', body)
  const declined = { ...body, payment_method: 'pm_card_chargeDeclined', reference: 'order-2' }
  const { payment } = (await send('POST', '/api/v1/payments', declined)).body
  const refused = await send('POST', '/api/v1/payments', body)
  const malformed = await send('POST', '/api/v1/payments', { user_id: 'alice' })
  expect([made, refused, malformed].map(({ status }) => status)).toEqual([201, 409, 422])
  const operation_id = expect.stringMatching(/^operation_/)
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ status: 201, object_id: made.body.id, operation_id }),
    expect.objectContaining({ status: 402, object_id: payment.id, operation_id, code: 'card_declined' }),
    expect.objectContaining({ status: 409, object_id: made.body.id, code: 'reference_already_claimed' }),
    expect.not.objectContaining({ object_id: expect.anything() }),
  ])
  expect(lines.at(-1)).not.toMatch(/object_id|operation_id/)
  expect(lines.join('')).not.toContain('alice')
})

test('the log hides by name what must not be in it', () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } })
  logger.debug({ token: 'abc', request: { authorization: 'Bearer abc', body: 'abc' }, payload: 'abc' }, 'look')
  const itself: Record<string, unknown> = { list: [{ password: 'abc' }] }
  itself.itself = itself
  logger.debug(itself, 'look again')
  logger.error({}, 'broken')
  logger.warn({}, 'careful')
  expect(lines.join('')).not.toContain('abc')
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(['DEBUG', 'DEBUG', 'ERROR', 'WARN'])
})

test('has every route of the design', () => {
  const routes = apiRoutes.map(([method, path]) => `${method.toUpperCase()} ${path}`)
  expect(new Set(routes).size).toBe(routes.length)
  expect(routes).toEqual(
    expect.arrayContaining([
      'POST /api/v1/payments',
      'GET /api/v1/users/{user_id}/payments',
      'DELETE /api/v1/payment-methods/{id}',
      'GET /api/v1/subscriptions/{subscription_id}/invoices',
      'POST /api/v1/webhooks/stripe',
    ]),
  )
})
