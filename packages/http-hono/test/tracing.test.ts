import { createFlorin } from '@florin/core'
import { memoryStorage } from '@florin/core/memory'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'
import * as api from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createApp, jwtAuthenticator, tracing } from '../src/index.ts'
import { jwtSecret, tokenFor } from './http-world.ts'

const exporter = new InMemorySpanExporter()

/** As much of W3C Trace Context as the tests need. */
const propagator: api.TextMapPropagator = {
  inject: () => {},
  fields: () => ['traceparent'],
  extract(context, carrier, getter) {
    const [, traceId, spanId] = String(getter.get(carrier, 'traceparent') ?? '').split('-')
    if (!traceId || !spanId) return context
    return api.trace.setSpanContext(context, { traceId, spanId, traceFlags: 1, isRemote: true })
  },
}

beforeEach(() => {
  exporter.reset()
  api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  api.propagation.setGlobalPropagator(propagator)
})
afterEach(() => {
  api.trace.disable()
  api.context.disable()
  api.propagation.disable()
})

async function openTraced() {
  const sandbox = createStripeSandbox()
  const traces = tracing(api)
  const stripe = stripeClient({ secretKey: 'sk_test_traces', fetch: sandbox.fetch })
  const florin = createFlorin({
    storage: traces.storage(memoryStorage()),
    gateway: traces.gateway(stripeGateway({ stripe, webhookSecrets: ['whsec_traces'] })),
    cipher: nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32) } }),
  })
  const app = createApp(florin, { auth: jwtAuthenticator({ secret: jwtSecret }), tracing: traces })
  const token = await tokenFor('backend', 'service')
  const pay = (headers: Record<string, string> = {}) =>
    app.request('/api/v1/payments', {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ user_id: 'alice', amount: 1000, currency: 'USD', payment_method: 'pm_card_visa' }),
    })
  return { sandbox, traces, pay }
}

const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name)

test('a request is one trace: what it asks of the storage and of the gateway are spans under it', async () => {
  const { pay } = await openTraced()
  expect((await pay({ 'X-Request-Id': 'shop-77' })).status).toBe(201)
  const [request] = named('POST /api/v1/payments')
  expect(request).toMatchObject({
    kind: api.SpanKind.SERVER,
    attributes: { 'http.route': '/api/v1/payments', 'http.response.status_code': 201, 'florin.request_id': 'shop-77' },
  })
  const children = exporter.getFinishedSpans().filter((span) => span !== request)
  expect(new Set(children.map(({ parentSpanContext }) => parentSpanContext?.spanId))).toStrictEqual(
    new Set([request?.spanContext().spanId]),
  )
  expect(named('gateway payment.create')).toMatchObject([
    { kind: api.SpanKind.CLIENT, attributes: { 'florin.outcome': 'accepted' } },
  ])
  expect(named('gateway customer.create')).toHaveLength(1)
  expect(named('storage load').length).toBeGreaterThan(0)
  expect(named('storage commit').length).toBeGreaterThan(1)
  const told = JSON.stringify(
    exporter.getFinishedSpans().map(({ name, attributes, events }) => [name, attributes, events]),
  )
  expect(told).not.toMatch(/alice|tx_|pi_|cus_|pm_card/)
})

test("goes on with the caller's trace", async () => {
  const { pay } = await openTraced()
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  await pay({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
  expect(new Set(exporter.getFinishedSpans().map((span) => span.spanContext().traceId))).toStrictEqual(
    new Set([traceId]),
  )
  expect(named('POST /api/v1/payments')[0]?.parentSpanContext?.spanId).toBe('00f067aa0ba902b7')
})

test('what fails is marked with its code, and never with its words', async () => {
  const { sandbox, pay, traces } = await openTraced()
  sandbox.faults.inject({ kind: 'fail_before', path: '/v1/payment_intents', status: 500, times: 5 })
  expect((await pay()).status).toBe(504)
  const failed = { status: { code: api.SpanStatusCode.ERROR } }
  expect(named('gateway payment.create')).toMatchObject([
    { ...failed, attributes: { 'error.type': 'gateway_outcome_unknown' } },
  ])
  expect(named('POST /api/v1/payments')).toMatchObject([
    { ...failed, attributes: { 'http.response.status_code': 504 } },
  ])
  await expect(traces.job('recover', () => Promise.reject(new Error('postgres://u:secret@db')))).rejects.toThrow(
    'postgres',
  )
  expect(named('job recover')).toMatchObject([{ ...failed, attributes: { 'error.type': 'unexpected' } }])
  expect(JSON.stringify(named('job recover').map(({ attributes, events }) => [attributes, events]))).not.toContain(
    'secret',
  )
})

test('does nothing where the host set up no SDK', async () => {
  api.trace.disable()
  const { pay } = await openTraced()
  expect((await pay()).status).toBe(201)
  expect(exporter.getFinishedSpans()).toStrictEqual([])
})
