import { DefectError, InvalidError, RefusedError, UnavailableError } from '@florin/core'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { createApp, createLogger, type ProblemCode, statusOf } from '../src/index.ts'
import { openWorld } from './http-world.ts'

const { florin } = await openWorld()

/** An app whose every reading of a payment throws, and what it logs. */
function throwing(error: unknown) {
  const lines: string[] = []
  const logger = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } })
  const get = () => Promise.reject(error)
  const auth = async () => ({ id: 'alice', roles: ['user'] as const })
  const app = createApp({ ...florin, payments: { ...florin.payments, get } }, { auth, logger })
  const ask = async () => {
    const response = await app.request('/api/v1/payments/tx_1', { headers: { 'X-Request-Id': 'req-1' } })
    return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) }
  }
  return { app, ask, logged: () => lines.map((line) => JSON.parse(line)) }
}

const byStatus: readonly { status: number; codes: readonly ProblemCode[] }[] = [
  {
    status: 400,
    codes: [
      'body_malformed',
      'card_number_refused',
      'idempotency_key_missing',
      'webhook_signature_invalid',
      'webhook_payload_invalid',
    ],
  },
  { status: 401, codes: ['unauthenticated'] },
  { status: 402, codes: ['payment_method_declined'] },
  { status: 403, codes: ['forbidden'] },
  { status: 413, codes: ['body_too_large'] },
  { status: 415, codes: ['unsupported_media_type'] },
  { status: 422, codes: ['input_invalid', 'idempotency_key_reused'] },
  { status: 429, codes: ['rate_limited'] },
  { status: 500, codes: ['invariant_broken'] },
  {
    status: 503,
    codes: [
      ...(['authentication_unavailable', 'storage_unavailable', 'gateway_unavailable', 'overloaded'] as const),
      'webhook_event_not_applied',
    ],
  },
  { status: 504, codes: ['gateway_outcome_unknown'] },
]

test.each(byStatus)('answers $status to $codes, and to nothing else', ({ status, codes }) => {
  const found = Object.entries(statusOf).filter(([, of]) => of === status)
  expect(found.map(([code]) => code).sort()).toEqual([...codes].sort())
})

test('tells what core knows of an error', async () => {
  const error = new InvalidError('input_invalid', 'paymentMethod: no', {
    fields: [
      { field: 'paymentMethod', message: 'no' },
      { field: 'metadata.orderId', message: 'no' },
    ],
  })
  const { body, status } = await throwing(error).ask()
  expect(status).toBe(422)
  expect(body).toEqual({
    type: 'urn:florin:error:input_invalid',
    title: 'Input invalid',
    status: 422,
    detail: 'payment_method: no; metadata.orderId: no',
    code: 'input_invalid',
    request_id: 'req-1',
    errors: [
      { field: 'payment_method', message: 'no' },
      { field: 'metadata.orderId', message: 'no' },
    ],
  })
})

test('says when to try again, where waiting helps', async () => {
  const busy = new RefusedError('operation_in_progress', 'busy', { retryAfterSeconds: 7, operationId: 'operation_1' })
  const answer = await throwing(busy).ask()
  expect(answer).toMatchObject({ status: 409, body: { operation_id: 'operation_1' } })
  expect(answer.headers.get('retry-after')).toBe('7')
  const state = await throwing(new RefusedError('payment_not_refundable', 'no')).ask()
  expect(state.status).toBe(409)
  expect(state.headers.get('retry-after')).toBeNull()
})

const cause = new Error('password authentication failed for postgres://florin:hunter2@db/pay')

test.each([
  { why: 'a defect', error: new DefectError('the secret plan failed', { cause }), level: 'ERROR', status: 500 },
  {
    why: 'what nobody expected',
    error: new TypeError('secret is not a function', { cause }),
    level: 'ERROR',
    status: 500,
  },
  {
    why: 'a lost database',
    error: new UnavailableError('storage_unavailable', 'secret host db-7', 'not_applied', { cause }),
    level: 'WARN',
    status: 503,
  },
])('keeps $why to the log, with its cause and without secrets', async ({ error, level, status }) => {
  const { ask, logged } = throwing(error)
  const { body, ...answer } = await ask()
  expect(answer.status).toBe(status)
  expect(Object.keys(body).sort()).toEqual(['code', 'detail', 'request_id', 'status', 'title', 'type'])
  expect(JSON.stringify(body)).not.toMatch(/secret|hunter2|db-7/)
  const line = logged().find(({ err }) => err)
  expect(line).toMatchObject({ level, request_id: 'req-1', err: { message: error.message, cause: { type: 'Error' } } })
  expect(line.err.cause.message).toContain('postgres://florin:[redacted]@db/pay')
  expect(JSON.stringify(logged())).not.toContain('hunter2')
})

test("shows a host's own middlewares the error that was answered", async () => {
  const error = new RefusedError('payment_not_refundable', 'no')
  const seen: unknown[] = []
  const host = new Hono()
  host.use(async (c, next) => {
    await next()
    seen.push(c.error)
  })
  host.route('/', throwing(error).app)
  expect((await host.request('/api/v1/payments/tx_1')).status).toBe(409)
  expect((await host.request('/health/live')).status).toBe(200)
  expect(seen).toEqual([error, undefined])
})

test('answers 500 also to what is no error', async () => {
  const { ask, logged } = throwing('a text')
  expect(await ask()).toMatchObject({ status: 500, body: { code: 'invariant_broken', request_id: 'req-1' } })
  expect(logged().some(({ level }) => level === 'ERROR')).toBe(true)
})

test("never logs what an error of Stripe's carries", async () => {
  const raw = { payment_intent: { client_secret: 'pi_1_secret_abc' } }
  const error = Object.assign(new Error('No such key: sk_live_1234; pi_1_secret_abc; 4242424242424242'), { raw })
  const { ask, logged } = throwing(new DefectError('odd answer', { cause: error }))
  await ask()
  expect(JSON.stringify(logged())).not.toMatch(/secret_abc|sk_live_1234|4242/)
})
