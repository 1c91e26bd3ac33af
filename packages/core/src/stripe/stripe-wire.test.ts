import { createServer } from 'node:http'
import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import Stripe from 'stripe'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { GatewayCall } from '../ports/gateway.ts'
import { systemRuntime } from '../runtime.ts'
import { stripeClient, stripeGateway } from './index.ts'

// What a sandbox does not do: the odd things that happen on the wire between Stripe and us.
const server = setupServer()
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

const api = 'https://api.stripe.com/v1'
const waits: number[] = []
const gateway = stripeGateway({
  stripe: stripeClient({ secretKey: 'sk_test_wire' }),
  webhookSecrets: ['whsec_wire'],
  runtime: { ...systemRuntime, wait: async (milliseconds) => void waits.push(milliseconds) },
})

const call: GatewayCall = {
  do: 'refund.create',
  tag: { florinId: 'refund_1', operationId: 'operation_1', userId: 'user_1' },
  payment: 'pi_1',
  amount: 100,
}
const send = () => gateway.send(gateway.prepare(call), { idempotencyKey: 'operation_1.create' })

const refund = {
  id: 're_1',
  object: 'refund',
  amount: 100,
  currency: 'usd',
  status: 'succeeded',
  created: 1,
  metadata: {},
}
const date = { date: 'Mon, 23 Nov 2026 15:04:05 GMT' }
const problem = (status: number, error: object, headers = {}) =>
  http.post(`${api}/refunds`, () => HttpResponse.json({ error }, { status, headers: { ...date, ...headers } }))

describe('an answer of Stripe’s', () => {
  it('is sent with the pinned version and the key, and stamped with Stripe’s own time', async () => {
    const seen: Record<string, string | null> = {}
    server.use(
      http.post(`${api}/refunds`, async ({ request }) => {
        seen.version = request.headers.get('stripe-version')
        seen.key = request.headers.get('idempotency-key')
        seen.body = await request.text()
        return HttpResponse.json(refund, { headers: date })
      }),
    )
    const answer = await send()
    expect(seen).toMatchObject({ version: '2026-10-28.endive', key: 'operation_1.create' })
    expect(seen.body).toContain('metadata[florin_id]=refund_1')
    expect(answer).toMatchObject({
      outcome: 'accepted',
      objectId: 're_1',
      replayed: false,
      observations: [{ refund: { stamp: Date.UTC(2026, 10, 23, 15, 4, 5) / 1000, facts: { currency: 'USD' } } }],
    })
  })

  it.each([
    { how: 'the header of replays', headers: { 'idempotent-replayed': 'true' } },
    { how: 'another original request', headers: { 'original-request': 'req_1', 'request-id': 'req_2' } },
  ])('is known to be a replay by $how', async ({ headers }) => {
    server.use(http.post(`${api}/refunds`, () => HttpResponse.json(refund, { headers: { ...date, ...headers } })))
    expect((await send()).replayed).toBe(true)
  })

  it('with a word that nobody knows yet keeps the word beside "unknown"', async () => {
    const odd = { ...refund, status: 'wandering', brand_new_field: { deep: [1] } }
    server.use(http.post(`${api}/refunds`, () => HttpResponse.json(odd, { headers: date })))
    const facts = { status: 'unknown', gatewayStatus: 'wandering' }
    expect(await send()).toMatchObject({ observations: [{ refund: { facts } }] })
  })
})

describe('no answer of Stripe’s', () => {
  it.each([
    { how: 'a proxy’s HTML page', reply: () => new HttpResponse('<html>bad gateway</html>', { status: 502 }) },
    { how: 'a broken connection', reply: () => HttpResponse.error() },
    { how: 'an answer without a date', reply: () => HttpResponse.json(refund) },
    { how: 'an internal error', reply: () => HttpResponse.json({ error: { type: 'api_error' } }, { status: 500 }) },
  ])('leaves the outcome unknown: $how', async ({ reply }) => {
    server.use(http.post(`${api}/refunds`, reply))
    await expect(send()).rejects.toMatchObject({ kind: 'unavailable', outcome: 'unknown' })
  })

  it.each([
    { how: 'a wrong key', status: 401, error: { type: 'invalid_request_error' } },
    { how: 'a key without the right', status: 403, error: { type: 'invalid_request_error' } },
  ])('is certain where Stripe refused it before it began: $how', async ({ status, error }) => {
    server.use(problem(status, error))
    await expect(send()).rejects.toMatchObject({ code: 'gateway_unavailable', outcome: 'not_applied' })
  })

  it('is certain where nobody listens', async () => {
    // Port 1 is no server's: the connection is refused before anything is sent.
    const stripe = stripeClient({ secretKey: 'sk_test_wire', apiBase: 'http://127.0.0.1:1' })
    const nobody = stripeGateway({ stripe, webhookSecrets: ['whsec_wire'] })
    server.close()
    try {
      const sent = nobody.send(nobody.prepare(call), { idempotencyKey: 'k' })
      await expect(sent).rejects.toMatchObject({ code: 'gateway_unavailable', outcome: 'not_applied' })
    } finally {
      server.listen({ onUnhandledFrame: 'error' })
    }
  })

  it('is not certain where the connection broke, although nobody listens the next moment', async () => {
    const taken: unknown[] = []
    const dying = createServer((request) => {
      taken.push(request.headers['idempotency-key'])
      dying.close()
      request.socket.destroy()
    })
    await new Promise<void>((resolve) => dying.listen(0, '127.0.0.1', resolve))
    const { port } = z.object({ port: z.number() }).parse(dying.address())
    const stripe = stripeClient({ secretKey: 'sk_test_wire', apiBase: `http://127.0.0.1:${port}` })
    const gone = stripeGateway({ stripe, webhookSecrets: ['whsec_wire'] })
    server.close()
    try {
      const sent = gone.send(gone.prepare(call), { idempotencyKey: 'k' })
      await expect(sent).rejects.toMatchObject({ code: 'gateway_outcome_unknown', outcome: 'unknown' })
    } finally {
      server.listen({ onUnhandledFrame: 'error' })
    }
    expect(taken).toEqual(['k'])
  })

  it('is never certain with a client of somebody else’s, which may have sent it twice', async () => {
    const stripe = new Stripe('sk_test_wire', { maxNetworkRetries: 0, host: '127.0.0.1', port: 1, protocol: 'http' })
    const nobody = stripeGateway({ stripe, webhookSecrets: ['whsec_wire'] })
    server.close()
    try {
      const sent = nobody.send(nobody.prepare(call), { idempotencyKey: 'k' })
      await expect(sent).rejects.toMatchObject({ code: 'gateway_outcome_unknown', outcome: 'unknown' })
    } finally {
      server.listen({ onUnhandledFrame: 'error' })
    }
  })

  it('is a defect of ours where Stripe saw the key with other parameters', async () => {
    server.use(problem(400, { type: 'idempotency_error', message: 'other parameters' }))
    await expect(send()).rejects.toMatchObject({ kind: 'defect' })
  })
})

describe('being turned away', () => {
  it.each([
    { why: 'too many requests', status: 429, error: { type: 'invalid_request_error', code: 'rate_limit' } },
    { why: 'the object is locked', status: 429, error: { type: 'invalid_request_error', code: 'lock_timeout' } },
    { why: 'the key is in use', status: 409, error: { type: 'idempotency_error', code: 'idempotency_key_in_use' } },
  ])('is waited out, three times at most: $why', async ({ status, error }) => {
    let requests = 0
    waits.length = 0
    server.use(
      http.post(`${api}/refunds`, () => {
        requests += 1
        if (requests < 3) return HttpResponse.json({ error }, { status, headers: date })
        return HttpResponse.json(refund, { headers: date })
      }),
    )
    expect(await send()).toMatchObject({ outcome: 'accepted' })
    expect([requests, waits.length]).toEqual([3, 2])

    server.resetHandlers()
    requests = -10
    server.use(
      http.post(`${api}/refunds`, () => {
        requests += 1
        return HttpResponse.json({ error }, { status, headers: date })
      }),
    )
    const outcome = status === 429 ? 'not_applied' : 'unknown'
    await expect(send()).rejects.toMatchObject({ kind: 'unavailable', outcome })
    expect(requests).toBe(-6)
  })
})

describe('a gateway without a secret', () => {
  it.each([[[]], [['']], [['whsec_1', ' ']]])('is not made: %j', (webhookSecrets) => {
    expect(() => stripeGateway({ stripe: stripeClient({ secretKey: 'sk_test_x' }), webhookSecrets })).toThrow(/secret/)
  })
})
